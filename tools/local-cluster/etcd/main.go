// etcd's own main cannot be installed by version (its go.mod has replace directives); this is all it does.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
