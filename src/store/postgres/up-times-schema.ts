/** When webhooks could come in, the last row until now. What was before this was recorded counts as if they could. */
export const upTimesSchema = `
CREATE TABLE up_times (from_at bigint PRIMARY KEY, to_at bigint NOT NULL) WITH (fillfactor = 50);
INSERT INTO up_times VALUES (0, floor(extract(epoch FROM now()) * 1000));
`;
