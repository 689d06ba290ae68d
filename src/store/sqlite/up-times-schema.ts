/**
 * When webhooks could come in, the last row until now. What was before this was recorded counts as if they could.
 */
export const upTimesSchema = `
CREATE TABLE up_times (from_at INTEGER PRIMARY KEY, to_at INTEGER NOT NULL);
INSERT INTO up_times VALUES (0, unixepoch() * 1000);
`;
