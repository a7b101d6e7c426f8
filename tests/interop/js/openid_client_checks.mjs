import * as client from 'openid-client';
import { importJWK } from 'jose';
import { check, facts } from './checks.mjs';

const insecure = { execute: [client.allowInsecureRequests], timeout: 120 };  // loopback without TLS

const discover = (id, auth) =>
  client.discovery(new URL(facts.issuer), id, undefined, auth, insecure);

async function walk(id, auth) {
  const config = await discover(id, auth);
  const tokens = await client.clientCredentialsGrant(config, { scope: 'read' });
  if (tokens.token_type.toLowerCase() !== 'bearer' || !(tokens.expires_in > 0)) {
    return JSON.stringify(tokens);
  }
  const before = await client.tokenIntrospection(config, tokens.access_token);
  if (!before.active || before.client_id !== id) return `introspection: ${JSON.stringify(before)}`;
  await client.tokenRevocation(config, tokens.access_token);
  const after = await client.tokenIntrospection(config, tokens.access_token);
  return after.active ? 'the token is active after its revocation' : undefined;
}

await check('openid-client: discovery by OpenID Connect', async () => {
  const metadata = (await discover('basic', client.ClientSecretBasic(facts.secrets.basic))).serverMetadata();
  if (metadata.issuer !== facts.issuer) return `issuer is ${metadata.issuer}`;
  return metadata.grant_types_supported.includes('client_credentials') ? undefined : 'grant is not offered';
});
await check('openid-client: discovery by RFC 8414', async () => {
  const config = await client.discovery(new URL(facts.issuer), 'basic', undefined,
    client.ClientSecretBasic(facts.secrets.basic), { ...insecure, algorithm: 'oauth2' });
  return config.serverMetadata().token_endpoint ? undefined : 'no token_endpoint';
});
await check('openid-client: client_secret_basic, introspection, revocation',
  () => walk('basic', client.ClientSecretBasic(facts.secrets.basic)));
await check('openid-client: client_secret_post, introspection, revocation',
  () => walk('post', client.ClientSecretPost(facts.secrets.post)));
await check('openid-client: client_secret_jwt, introspection, revocation',
  () => walk('secret_jwt', client.ClientSecretJwt(facts.secrets.secret_jwt)));
await check('openid-client: opaque token, introspection, revocation',
  () => walk('opaque', client.ClientSecretBasic(facts.secrets.opaque)));
for (const alg of ['ES256', 'RS256', 'PS256', 'EdDSA']) {
  await check(`openid-client: private_key_jwt ${alg}, introspection, revocation`, async () => {
    const key = await importJWK({ ...facts.keys[alg], alg }, alg, { extractable: false });
    // The library names Ed25519 by RFC 9864; the client is registered under the older name.
    const named = { [client.modifyAssertion]: (header) => { header.alg = alg; } };
    return walk(`pk_${alg}`, client.PrivateKeyJwt({ key, kid: `k-${alg}` }, named));
  });
}
await check('openid-client: a wrong secret is invalid_client', async () => {
  const config = await discover('basic', client.ClientSecretBasic('wrong'));
  try {
    await client.clientCredentialsGrant(config, {});
    return 'it was accepted';
  } catch (error) {
    if (error.error === 'invalid_client') return undefined;
    return error.code === 'OAUTH_WWW_AUTHENTICATE_CHALLENGE' ? undefined : String(error);
  }
});
