import * as oauth from 'oauth4webapi';
import { importJWK } from 'jose';
import { check, facts } from './checks.mjs';

const http = { [oauth.allowInsecureRequests]: true };  // loopback without TLS
const issuer = new URL(facts.issuer);

async function server(algorithm) {
  return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { ...http, algorithm }));
}

async function walk(id, auth) {
  const as = await server('oidc');
  const client = { client_id: id };
  const granted = await oauth.processClientCredentialsResponse(as, client,
    await oauth.clientCredentialsGrantRequest(as, client, auth, { scope: 'read' }, http));
  const token = granted.access_token;
  const seen = await oauth.processIntrospectionResponse(as, client,
    await oauth.introspectionRequest(as, client, auth, token, http));
  if (!seen.active || seen.scope !== 'read') return `introspection: ${JSON.stringify(seen)}`;
  await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, auth, token, http));
  const after = await oauth.processIntrospectionResponse(as, client,
    await oauth.introspectionRequest(as, client, auth, token, http));
  return after.active ? 'the token is active after its revocation' : undefined;
}

for (const algorithm of ['oidc', 'oauth2']) {
  await check(`oauth4webapi: discovery (${algorithm})`, async () => {
    const as = await server(algorithm);
    return as.jwks_uri && as.introspection_endpoint && as.revocation_endpoint ? undefined : JSON.stringify(as);
  });
}
await check('oauth4webapi: client_secret_basic, introspection, revocation',
  () => walk('basic', oauth.ClientSecretBasic(facts.secrets.basic)));
await check('oauth4webapi: client_secret_post, introspection, revocation',
  () => walk('post', oauth.ClientSecretPost(facts.secrets.post)));
await check('oauth4webapi: client_secret_jwt, introspection, revocation',
  () => walk('secret_jwt', oauth.ClientSecretJwt(facts.secrets.secret_jwt)));
await check('oauth4webapi: private_key_jwt ES256, introspection, revocation', async () => {
  const key = await importJWK({ ...facts.keys.ES256, alg: 'ES256' }, 'ES256');
  return walk('pk_ES256', oauth.PrivateKeyJwt({ key, kid: 'k-ES256' }));
});
await check('oauth4webapi: a resource server accepts the token (RFC 9068)', async () => {
  const as = await server('oidc');
  const client = { client_id: 'ES256' };
  const granted = await oauth.processClientCredentialsResponse(as, client,
    await oauth.clientCredentialsGrantRequest(as, client, oauth.ClientSecretBasic(facts.secrets.ES256),
      { scope: 'read' }, http));
  const request = new Request('http://127.0.0.1/', {
    headers: { authorization: `Bearer ${granted.access_token}` },
  });
  const claims = await oauth.validateJwtAccessToken(as, request, facts.audience, http);
  return claims.client_id === 'ES256' ? undefined : `client_id is ${claims.client_id}`;
});
