// Two resource servers that stay up while keys are rotated: each keeps the server's JWKS as its library
// does. One JSON line in: {plain, sealed, audience, keys}; one out: what failed.
import * as oauth from 'oauth4webapi';
import { compactDecrypt, createRemoteJWKSet, importJWK, jwtVerify } from 'jose';
import { createInterface } from 'node:readline';

const [issuer, jwksUri, life] = [process.argv[2], process.argv[3], Number(process.argv[4])];
const remote = createRemoteJWKSet(new URL(jwksUri), {
  cacheMaxAge: life, cooldownDuration: 0, timeoutDuration: 120_000,
});
const text = new TextDecoder();

// oauth4webapi keeps a JWKS for five minutes with a server's metadata and has no setting for that: here the
// metadata is read anew when the JWKS is as old as the server allows.
let metadata = { issuer, jwks_uri: jwksUri }, since = Date.now();
function current() {
  if (Date.now() - since > life) [metadata, since] = [{ issuer, jwks_uri: jwksUri }, Date.now()];
  return metadata;
}

async function open(token, keys) {
  const opened = await compactDecrypt(token, async (header) => {
    const jwk = keys.find((key) => key.kid === header.kid);
    if (!jwk) throw new Error(`no key ${header.kid}`);
    return importJWK(jwk, header.alg);
  });
  return text.decode(opened.plaintext);
}

const servers = {
  jose: async (token, audience) => {
    await jwtVerify(token, remote, { issuer, audience, typ: 'at+jwt' });
  },
  oauth4webapi: async (token, audience) => {
    const request = new Request('http://127.0.0.1/', { headers: { authorization: `Bearer ${token}` } });
    await oauth.validateJwtAccessToken(current(), request, audience, { [oauth.allowInsecureRequests]: true });
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { plain, sealed, audience, keys } = JSON.parse(line);
  const failures = [];
  for (const [name, accept] of Object.entries(servers)) {
    for (const [kind, take] of [['plain', async () => plain], ['sealed', () => open(sealed, keys)]]) {
      try {
        await accept(await take(), audience[kind]);
      } catch (error) {
        failures.push(`${name} ${kind}: ${error.name}: ${error.message} ${error.cause ?? ''}`);
      }
    }
  }
  console.log(JSON.stringify(failures));
}
