// A Vault of one node in memory, for tests: prints its address and root token, ends with its standard input.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"

	"github.com/hashicorp/go-hclog"
	kv "github.com/hashicorp/vault-plugin-secrets-kv"
	"github.com/hashicorp/vault/builtin/credential/approle"
	"github.com/hashicorp/vault/builtin/logical/transit"
	vaulthttp "github.com/hashicorp/vault/http"
	"github.com/hashicorp/vault/sdk/helper/consts"
	"github.com/hashicorp/vault/sdk/logical"
	"github.com/hashicorp/vault/sdk/physical/inmem"
	"github.com/hashicorp/vault/vault"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

var engines = map[string]logical.Factory{"transit": transit.Factory, "kv": kv.Factory}
var logins = map[string]logical.Factory{"approle": approle.Factory}

// registry says which engines and login methods are built in.
type registry struct{}

func (registry) of(t consts.PluginType) map[string]logical.Factory {
	switch t {
	case consts.PluginTypeSecrets:
		return engines
	case consts.PluginTypeCredential:
		return logins
	}
	return nil
}

func (r registry) Get(name string, t consts.PluginType) (func() (interface{}, error), bool) {
	factory, ok := r.of(t)[name]
	return func() (interface{}, error) { return factory, nil }, ok
}

func (r registry) Contains(name string, t consts.PluginType) bool {
	_, ok := r.of(t)[name]
	return ok
}

func (r registry) Keys(t consts.PluginType) []string {
	var names []string
	for name := range r.of(t) {
		names = append(names, name)
	}
	return names
}

func (r registry) DeprecationStatus(string, consts.PluginType) (consts.DeprecationStatus, bool) {
	return consts.Supported, true
}

func main() {
	logger := hclog.New(&hclog.LoggerOptions{Level: hclog.Error, Output: os.Stderr})
	storage, err := inmem.NewInmem(nil, logger)
	check(err)
	core, err := vault.NewCore(&vault.CoreConfig{
		Physical:           storage,
		DisableMlock:       true,
		Logger:             logger,
		LogicalBackends:    engines,
		CredentialBackends: logins,
		BuiltinRegistry:    registry{},
	})
	check(err)
	ctx := context.Background()
	made, err := core.Initialize(ctx, &vault.InitParams{
		BarrierConfig:  &vault.SealConfig{SecretShares: 1, SecretThreshold: 1},
		RecoveryConfig: &vault.SealConfig{},
	})
	check(err)
	_, err = core.Unseal(made.SecretShares[0])
	check(err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	handler := vaulthttp.Handler.Handler(&vault.HandlerProperties{Core: core})
	go func() { check(http.Serve(listener, handler)) }()
	check(json.NewEncoder(os.Stdout).Encode(map[string]string{
		"address": "http://" + listener.Addr().String(), "token": made.RootToken}))
	_, _ = io.Copy(io.Discard, os.Stdin)
}
