/** One HTTP request to a node, by someone: what the tests do beside the code under test. */
import { Agent, request } from "undici"
import type { User } from "./settings.ts"

export interface Login {
  readonly url: string
  readonly ca: string | undefined
  readonly user: User | undefined
}

export interface Answer {
  readonly status: number
  /** Parsed where the reply is JSON, otherwise its text. */
  readonly body: unknown
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** `body`: an object is sent as JSON, a string as it is (lines of JSON for `_bulk`). */
export const ask = async (
  login: Login,
  method: "GET" | "POST" | "PUT" | "DELETE" | "HEAD",
  path: string,
  body?: object | string,
): Promise<Answer> => {
  const { user } = login
  const dispatcher = new Agent({ connect: login.ca === undefined ? {} : { ca: login.ca } })
  const response = await request(login.url + path, {
    method,
    dispatcher,
    headers: {
      ...(user === undefined
        ? {}
        : { authorization: `Basic ${Buffer.from(`${user.username}:${user.password}`).toString("base64")}` }),
      ...(body === undefined
        ? {}
        : { "content-type": typeof body === "string" ? "application/x-ndjson" : "application/json" }),
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    // A year of indices takes a busy machine minutes.
    headersTimeout: 300_000,
  })
  const text = await response.body.text()
  await dispatcher.close()
  return { status: response.statusCode, body: parse(text) }
}
