/** What the admin API answers when it can't do what was asked: RFC 9457, `application/problem+json`. */
import { Schema } from "effect"
import { HttpApiError } from "effect/http-api"

const type = "about:blank"

/** No token, or not the right one. */
export class Unauthorized extends HttpApiError.Problem<Unauthorized>()("Unauthorized", {
  type,
  status: 401,
  title: "Unauthorized",
}) {}

/** There is no such thing, or it is gone. */
export class NotFound extends HttpApiError.Problem<NotFound>()("NotFound", {
  type,
  status: 404,
  title: "Not Found",
}) {}

/** It can't be done as things are; `detail` says why and what to do. */
export class Conflict extends HttpApiError.Problem<Conflict>()("Conflict", {
  type,
  status: 409,
  title: "Conflict",
}) {}

/** The configuration, or what has changed in it, is refused, and nothing of it was taken. */
export class SettingsRefused extends HttpApiError.Problem<SettingsRefused>()(
  "SettingsRefused",
  { type, status: 422, title: "Unprocessable Content" },
  {
    problems: Schema.Array(Schema.Struct({ where: Schema.String, what: Schema.String, fix: Schema.String })),
  },
) {}

/** It can't be done now; `detail` says why and what to do. */
export class Unavailable extends HttpApiError.Problem<Unavailable>()("Unavailable", {
  type,
  status: 503,
  title: "Service Unavailable",
}) {}
