// oci-registry runs one of two real OCI registries for tests: `memory ADDRESS` is go-containerregistry's (referrers API, no
// authentication, everything in memory), `serve FILE` is distribution's with the configuration file given (htpasswd or token
// authentication, redirects of blobs). The first line on standard output is the address that is listened on.
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry"
	_ "github.com/distribution/distribution/v3/registry/auth/htpasswd"
	_ "github.com/distribution/distribution/v3/registry/auth/token"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/inmemory"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/middleware/redirect"
	memory "github.com/google/go-containerregistry/pkg/registry"
)

func serveMemory(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	handler := memory.New(memory.WithReferrersSupport(true), memory.Logger(log.New(os.Stderr, "", 0)))
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	return server.Serve(listener)
}

func serveFile(file string) error {
	source, err := os.Open(file)
	if err != nil {
		return err
	}
	config, err := configuration.Parse(source)
	if err != nil {
		return err
	}
	server, err := registry.NewRegistry(context.Background(), config)
	if err != nil {
		return err
	}
	fmt.Println(config.HTTP.Addr)
	return server.ListenAndServe()
}

func main() {
	commands := map[string]func(string) error{"memory": serveMemory, "serve": serveFile}
	if len(os.Args) != 3 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: oci-registry memory ADDRESS | serve CONFIG_FILE")
		os.Exit(2)
	}
	if err := commands[os.Args[1]](os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
