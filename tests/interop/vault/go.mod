module signet.test/vault

go 1.21

require github.com/hashicorp/vault v1.13.0

// Raft's auto-join alone uses it, and it brings the clients of a dozen clouds.
replace github.com/hashicorp/go-discover => ./nodiscover

replace github.com/hashicorp/go-discover/provider/k8s => ./nodiscover/provider/k8s
