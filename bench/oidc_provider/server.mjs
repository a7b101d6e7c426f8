// npm oidc-provider for the comparison in run.py: client_credentials with an in-memory adapter, JWT
// access tokens (the algorithm is the resource's) or opaque ones. Prints "ready PORT".
//   node server.mjs CLIENT_ID CLIENT_SECRET
import { generateKeyPairSync } from 'node:crypto';
import { Provider } from 'oidc-provider';

const [clientId, clientSecret] = process.argv.slice(2);
const jwk = (type, options, alg) => ({
  ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: alg,
});

const provider = new Provider('http://127.0.0.1', {
  jwks: {
    keys: [jwk('rsa', { modulusLength: 2048 }, 'RS256'), jwk('ec', { namedCurve: 'P-256' }, 'ES256')],
  },
  clients: [{
    client_id: clientId,
    client_secret: clientSecret,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    scope: 'read',
  }],
  scopes: ['read'],
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo(ctx, resource) {
        const format = resource.split('/').pop();
        const common = { scope: 'read', audience: resource, accessTokenTTL: 600 };
        if (format === 'opaque') return { ...common, accessTokenFormat: 'opaque' };
        return { ...common, accessTokenFormat: 'jwt', jwt: { sign: { alg: format } } };
      },
    },
  },
});

const server = provider.listen(0, '127.0.0.1', () => console.log(`ready ${server.address().port}`));
server.keepAliveTimeout = 60_000;
