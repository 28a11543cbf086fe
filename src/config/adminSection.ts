/** The keys under `admin`. */
import { bindAddress } from "./addresses.ts"
import { flag, integer, number, optional, section, withDefault } from "./settings.ts"
import { path, token } from "./texts.ts"

export const admin = section(
  "The HTTP API that shows how Waybill is, and by which dead letters are read, replayed and removed.",
  {
    enabled: withDefault(flag, true, "Whether it is served. The container's health check asks it."),
    host: withDefault(
      bindAddress,
      "127.0.0.1",
      "The address it listens on. Any other than a loopback address needs a token.",
    ),
    port: withDefault(
      integer(0, 65_535),
      8089,
      "Its port; `0` takes any free one, which the log then tells.",
    ),
    token: optional(
      token("admin.token"),
      "…",
      "What a client must send as `Authorization: Bearer …`, but for `/healthz` and `/readyz`. Without one, whoever can reach the loopback address may read and change everything.",
    ),
    token_file: optional(
      path,
      "/run/secrets/waybill_admin_token",
      "A file that holds the token, in place of `token`.",
    ),
    max_body_bytes: withDefault(
      integer(1024, 16_777_216),
      65_536,
      "A request with a larger body is refused.",
    ),
    timeout_seconds: withDefault(
      number(0.1, 600),
      30,
      "How long a request may take to arrive, and its answer to be made. A replay may take longer.",
    ),
  },
)
