import * as jose from 'jose';
import { check, facts, token } from './checks.mjs';

const metadata = await (await fetch(`${facts.base}/.well-known/openid-configuration`)).json();
const remote = jose.createRemoteJWKSet(new URL(metadata.jwks_uri), { timeoutDuration: 120_000 });
const expected = { issuer: facts.issuer, audience: facts.audience, typ: 'at+jwt' };

for (const alg of facts.algorithms) {
  await check(`${alg} token verifies with npm jose`, async () => {
    const key = alg.startsWith('HS') ? jose.base64url.decode(facts.hmac.k) : remote;
    const { payload, protectedHeader } = await jose.jwtVerify(await token(alg), key, {
      ...expected, algorithms: [alg], requiredClaims: ['exp', 'iat', 'jti', 'sub', 'client_id'],
    });
    if (payload.client_id !== alg) return `client_id is ${payload.client_id}`;
    return protectedHeader.alg === alg ? undefined : `alg is ${protectedHeader.alg}`;
  });
}

await check('encrypted token opens with npm jose', async () => {
  const key = jose.base64url.decode(facts.encryption.k);
  const { payload, protectedHeader } = await jose.jwtDecrypt(await token('encrypted'), key, {
    ...expected, keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A128CBC-HS256'],
    requiredClaims: ['exp', 'iat', 'jti', 'sub', 'client_id'],
  });
  if (payload.client_id !== 'encrypted') return `client_id is ${payload.client_id}`;
  return protectedHeader.kid ? undefined : 'no kid';
});

await check('a token with one bit changed is refused by npm jose', async () => {
  const parts = (await token('ES256')).split('.');
  parts[1] = parts[1].slice(0, -2) + (parts[1].at(-2) === 'A' ? 'B' : 'A') + parts[1].at(-1);
  try {
    await jose.jwtVerify(parts.join('.'), remote);
    return 'it was accepted';
  } catch (error) {
    return error.code === 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' ? undefined : String(error);
  }
});
