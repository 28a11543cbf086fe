/** The collector's certificate and key: read at the start, and taken anew when the files have become others. */
import { X509Certificate } from "node:crypto"
import { readFile } from "node:fs/promises"
import type { Server } from "node:https"
import { createSecureContext } from "node:tls"
import { Data, Duration, Effect } from "effect"
import { NextReload } from "../../config/NextReload.ts"
import * as Log from "../../telemetry/log.ts"

/** Paths of two PEM files: the certificate with its chain, and its private key. */
export interface CertificateFiles {
  readonly certFile: string
  readonly keyFile: string
}

export interface Certificate {
  readonly cert: Buffer
  readonly key: Buffer
}

export class CertificateUnusable extends Data.TaggedError("CertificateUnusable")<{
  readonly message: string
}> {}

/** The content is compared, so that a swapped link, a rename and a write are noticed alike. */
const LOOK_EVERY = Duration.seconds(30)

const whyNot = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

/** Succeeds only with a pair that can be served: a half-written file, or another's key, is refused. */
export const readCertificate = Effect.fnUntraced(function* ({ certFile, keyFile }: CertificateFiles) {
  const pair = yield* Effect.tryPromise({
    try: async (): Promise<Certificate> => ({ cert: await readFile(certFile), key: await readFile(keyFile) }),
    catch: (cause) =>
      new CertificateUnusable({
        message: `source.hec.tls can't be read: ${whyNot(cause)}. Check both paths, and that the user Waybill runs as may read them.`,
      }),
  })
  yield* Effect.try({
    // It compares the key with the certificate.
    try: () => createSecureContext(pair),
    catch: (cause) =>
      new CertificateUnusable({
        message: `source.hec.tls can't be used: ${whyNot(cause)}. Both files must be PEM and belong together.`,
      }),
  })
  return pair
})

const isSame = (one: Certificate, other: Certificate): boolean =>
  one.cert.equals(other.cert) && one.key.equals(other.key)

const show = (server: Server, certificate: Certificate, { certFile }: CertificateFiles) => {
  // New connections are shown it; those that are open go on as they are.
  server.setSecureContext(certificate)
  const { serialNumber, validTo } = new X509Certificate(certificate.cert)
  return Log.info(
    "hec.certificate_renewed",
    `The certificate in ${certFile} is a new one: senders are shown it`,
    {
      serial: serialNumber,
      valid_to: validTo,
    },
  )
}

/**
 * Looks at each reload and every half minute, until its scope ends. What can't be used is said, the old certificate is
 * kept, and the files are tried again.
 */
export const renewCertificate = Effect.fnUntraced(function* (
  server: Server,
  files: CertificateFiles,
  first: Certificate,
) {
  const nextReload = yield* NextReload
  let shown = first
  while (true) {
    yield* Effect.raceFirst(nextReload(), Effect.sleep(LOOK_EVERY))
    yield* readCertificate(files).pipe(
      Effect.flatMap((certificate) => {
        if (isSame(certificate, shown)) return Effect.void
        shown = certificate
        return show(server, certificate, files)
      }),
      Effect.catchTag("CertificateUnusable", ({ message }) =>
        Log.error("hec.certificate_unusable", `${message} The certificate that was read before is kept.`),
      ),
    )
  }
})
