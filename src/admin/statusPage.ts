/**
 * `GET /`: the status page, for people. Static files, read from beside this file or, in a bundle, from beside that.
 *
 * Neither the page nor its files hold data, so they need no token; what they show they ask the API for.
 */
import { fileURLToPath } from "node:url"
import { Effect, FileSystem, Option } from "effect"
import { HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { VERSION } from "../app/version.ts"
import { LiveConfiguration } from "../config/LiveConfiguration.ts"
import { AdminApi } from "./api.ts"
import { NotFound } from "./problems.ts"

const FOLDER = fileURLToPath(new URL("./page/", import.meta.url))

const TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
}
/** Only plain names, so that nothing else of the disk can be named. */
const NAME = /^[a-zA-Z]+\.(css|js|svg)$/

/** No script or style but the page's own files; no HTML is ever made of text (trusted-types 'none'). */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ")

const make = Effect.gen(function* () {
  const { current } = yield* LiveConfiguration
  const fs = yield* FileSystem.FileSystem
  const file = (name: string) => Effect.option(fs.readFileString(`${FOLDER}${name}`))

  return {
    page: Effect.fnUntraced(function* () {
      const html = yield* fs.readFileString(`${FOLDER}status.html`).pipe(Effect.orDie)
      const filled = html
        .replace("{{token}}", current().admin.token === undefined ? "none" : "asked")
        .replace("{{version}}", VERSION)
      return HttpServerResponse.text(filled, {
        contentType: "text/html; charset=utf-8",
        headers: { "content-security-policy": POLICY, "referrer-policy": "no-referrer" },
      })
    }),
    asset: Effect.fnUntraced(function* ({ params }: { readonly params: { readonly file: string } }) {
      const extension = NAME.exec(params.file)?.[1]
      const text = extension === undefined ? Option.none<string>() : yield* file(params.file)
      if (extension === undefined || Option.isNone(text))
        return yield* new NotFound({ detail: "The status page has no such file." })
      return HttpServerResponse.text(text.value, { contentType: TYPES[extension] ?? "text/plain" })
    }),
  }
})

export const layer = HttpApiBuilder.group(AdminApi, "page", (handlers) =>
  Effect.map(make, (handled) => handlers.handleAll(handled)),
)
