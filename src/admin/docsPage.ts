/** The definition as one HTML page. Pure; no script, and nothing that is loaded from elsewhere. */
import type { OpenApi } from "effect/http-api"

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" }
const escaped = (text: string): string => text.replace(/[&<>"]/g, (found) => ENTITIES[found] ?? found)

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
code,pre{font:13px/1.45 ui-monospace,monospace}pre{background:#8881;padding:.7rem;overflow:auto;max-height:24rem}
h2{margin:2rem 0 .3rem}h2 code{font-size:1.05rem}b.method{display:inline-block;min-width:4.5rem}
:root{color-scheme:light dark}`

const METHODS = ["get", "post", "put", "patch", "delete"] as const

const schemas = (content: object | undefined): string =>
  Object.entries(content ?? {})
    .map(([type, { schema }]) => `${escaped(type)}<pre>${escaped(JSON.stringify(schema, null, 2))}</pre>`)
    .join("")

const details = (summary: string, content: object | undefined): string => {
  const inside = schemas(content)
  return inside === "" ? `<p>${summary}</p>` : `<details><summary>${summary}</summary>${inside}</details>`
}

const operationHtml = (method: string, path: string, operation: OpenApi.OpenAPISpecOperation): string => {
  const parameters = operation.parameters
    .map(
      ({ description, in: place, name, required, schema }) =>
        `<li><code>${escaped(name)}</code> (${place}${required ? "" : ", optional"}) ${escaped(description ?? "")} <code>${escaped(JSON.stringify(schema))}</code></li>`,
    )
    .join("")
  const responses = Object.entries(operation.responses)
    .map(([status, { content, description }]) => details(`${status} ${escaped(description)}`, content))
    .join("")
  const token = (operation.security ?? []).length === 0 ? "" : "<p>Needs the token, where one is set.</p>"
  return `<h2><b class="method">${method.toUpperCase()}</b> <code>${escaped(path)}</code></h2>
<p>${escaped(operation.summary ?? "")}</p>${token}<ul>${parameters}</ul>
${operation.requestBody === undefined ? "" : details("Body", operation.requestBody.content)}${responses}`
}

export const docsPage = ({ info, paths }: OpenApi.OpenAPISpec): string => {
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method]
      return operation === undefined ? [] : [operationHtml(method, path, operation)]
    }),
  )
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escaped(info.title)}</title>
<meta name="viewport" content="width=device-width,initial-scale=1"><style>${STYLE}</style></head><body>
<h1>${escaped(info.title)} ${escaped(info.version)}</h1><p>${escaped(info.description ?? "")}</p>
<p>As OpenAPI: <a href="/openapi.json">/openapi.json</a></p>
${operations.join("\n")}</body></html>`
}
