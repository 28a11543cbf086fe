/**
 * What the collector answers: Splunk's codes, texts and statuses, word for word, because clients read them ("Troubleshoot
 * HTTP Event Collector", possible error codes, in Splunk's documentation).
 */
export interface Reply {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
  /** Whether the sender should come back, and the reply says when. */
  readonly comeBack?: boolean
}

const reply = (status: number, code: number, text: string): Reply => ({ status, body: { text, code } })
const busy = (status: number, code: number, text: string): Reply => ({
  ...reply(status, code, text),
  comeBack: true,
})

export const success: Reply = reply(200, 0, "Success")
export const tokenIsRequired: Reply = reply(401, 2, "Token is required")
export const invalidAuthorization: Reply = reply(401, 3, "Invalid authorization")
export const invalidToken: Reply = reply(403, 4, "Invalid token")
export const noData: Reply = reply(400, 5, "No data")
export const invalidDataFormat: Reply = reply(400, 6, "Invalid data format")
export const serverIsBusy: Reply = busy(503, 9, "Server is busy")
export const dataChannelIsMissing: Reply = reply(400, 10, "Data channel is missing")
export const invalidDataChannel: Reply = reply(400, 11, "Invalid data channel")
export const eventFieldIsRequired: Reply = reply(400, 12, "Event field is required")
export const eventFieldCannotBeBlank: Reply = reply(400, 13, "Event field cannot be blank")
export const ackIsDisabled: Reply = reply(400, 14, "ACK is disabled")
export const errorInIndexedFields: Reply = reply(400, 15, "Error in handling indexed fields")
export const queryStringAuthorization: Reply = reply(400, 16, "Query string authorization is not enabled")
export const healthy: Reply = reply(200, 17, "HEC is healthy")
export const queuesAreFull: Reply = busy(503, 18, "HEC is unhealthy, queues are full")
export const shuttingDown: Reply = busy(503, 23, "Server is shutting down")
export const notFound: Reply = reply(404, 404, "The requested URL was not found on this server.")

/** Splunk has no code for these four; the status says it. */
export const unsupportedEncoding: Reply = reply(415, 415, "Only gzip is supported as content encoding")
export const tooLarge = (most: number): Reply =>
  reply(413, 413, `Request body too large (maximum is ${most} bytes)`)
/** More than the spool may ever hold. */
export const tooMuch = (why: string): Reply => reply(413, 413, `${why}: send less at once`)
export const tooSlow: Reply = reply(408, 408, "The request took too long to arrive")

/** The same, with the number (from 0) of the event that it is about. */
export const about = (event: number, refusal: Reply): Reply => ({
  ...refusal,
  body: { ...refusal.body, "invalid-event-number": event },
})

export const accepted = (ackId: number | undefined): Reply =>
  ackId === undefined ? success : { ...success, body: { ...success.body, ackId } }
