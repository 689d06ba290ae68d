/**
 * Whose fault it is that an attempt failed, the shim's or the destination's; of a delivery, the last attempt's. What was
 * not sent for a fault of the shim said so in its error before. The index holds deliveries that failed alone.
 */
export const faultSchema = `
ALTER TABLE deliveries ADD COLUMN fault TEXT;
ALTER TABLE attempts ADD COLUMN fault TEXT;
UPDATE attempts SET fault = iif(error LIKE 'not sent: %', 'shim', 'destination') WHERE error IS NOT NULL;
UPDATE deliveries SET fault = iif(last_error LIKE 'not sent: %', 'shim', 'destination') WHERE last_error IS NOT NULL;
CREATE INDEX deliveries_fault ON deliveries (fault, created_at) WHERE fault IS NOT NULL;
`;
