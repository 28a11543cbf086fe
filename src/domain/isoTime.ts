/** ISO 8601 in UTC with milliseconds, as every time in a log line, an event or a file of ours. */
export const iso = (millis: number): string => new Date(millis).toISOString()
