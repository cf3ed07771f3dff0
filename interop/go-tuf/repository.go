package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// A key made now: what signs, and its public part as metadata has it.
type key struct {
	signer signature.Signer
	public *metadata.Key
}

func newKey(private crypto.Signer, err error, load func() (signature.Signer, error)) (key, error) {
	if err != nil {
		return key{}, err
	}
	signer, err := load()
	if err != nil {
		return key{}, err
	}
	public, err := metadata.KeyFromPublicKey(private.Public())
	return key{signer, public}, err
}

func ed25519Key() (key, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	return newKey(private, err, func() (signature.Signer, error) { return signature.LoadSigner(private, crypto.Hash(0)) })
}

func ecdsaKey() (key, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return newKey(private, err, func() (signature.Signer, error) { return signature.LoadSigner(private, crypto.SHA256) })
}

func rsaKey() (key, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	return newKey(private, err, func() (signature.Signer, error) {
		return signature.LoadRSAPSSSigner(private, crypto.SHA256, &rsa.PSSOptions{Hash: crypto.SHA256, SaltLength: 32})
	})
}

type maker func() (key, error)

func several(makers ...maker) ([]key, error) {
	keys := []key{}
	for _, make := range makers {
		made, err := make()
		if err != nil {
			return nil, err
		}
		keys = append(keys, made)
	}
	return keys, nil
}

type file struct {
	path    string
	content []byte
}

// Everything in memory until save, which signs it from the leaves to the timestamp.
type repository struct {
	expires     time.Time
	root        *metadata.Metadata[metadata.RootType]
	oldRootKeys []key
	roots       [][]byte
	roles       map[string]*metadata.Metadata[metadata.TargetsType]
	signers     map[string][]key
	files       []file
}

func newRepository() *repository {
	expires := time.Now().UTC().Add(5 * 24 * time.Hour).Truncate(time.Second)
	return &repository{
		expires: expires,
		root:    metadata.Root(expires),
		roles:   map[string]*metadata.Metadata[metadata.TargetsType]{"targets": metadata.Targets(expires)},
		signers: map[string][]key{},
	}
}

// Gives a top-level role another key set, and takes the old one from it.
func (r *repository) setKeys(role string, threshold int, makers ...maker) error {
	keys, err := several(makers...)
	if err != nil {
		return err
	}
	for _, id := range append([]string{}, r.root.Signed.Roles[role].KeyIDs...) {
		if err := r.root.Signed.RevokeKey(id, role); err != nil {
			return err
		}
	}
	for _, made := range keys {
		if err := r.root.Signed.AddKey(made.public, role); err != nil {
			return err
		}
	}
	r.root.Signed.Roles[role].Threshold = threshold
	if role == "root" {
		r.oldRootKeys = r.signers["root"]
	}
	r.signers[role] = keys
	return nil
}

func (r *repository) allKeys(make maker) error {
	for _, role := range metadata.TOP_LEVEL_ROLE_NAMES {
		if err := r.setKeys(role, 1, make); err != nil {
			return err
		}
	}
	return r.publishRoot()
}

func signed[T metadata.Roles](payload *metadata.Metadata[T], keys ...[]key) ([]byte, error) {
	payload.ClearSignatures()
	for _, set := range keys {
		for _, made := range set {
			if _, err := payload.Sign(made.signer); err != nil {
				return nil, err
			}
		}
	}
	return payload.ToBytes(true)
}

func (r *repository) publishRoot() error {
	r.root.Signed.Version = int64(len(r.roots) + 1)
	data, err := signed(r.root, r.signers["root"], r.oldRootKeys)
	r.oldRootKeys = nil
	r.roots = append(r.roots, data)
	return err
}

func (r *repository) delegate(from string, role metadata.DelegatedRole, make maker) error {
	made, err := make()
	if err != nil {
		return err
	}
	targets := r.roles[from]
	if targets.Signed.Delegations == nil {
		targets.Signed.Delegations = &metadata.Delegations{Keys: map[string]*metadata.Key{}}
	}
	role.Threshold = 1
	targets.Signed.Delegations.Roles = append(targets.Signed.Delegations.Roles, role)
	r.roles[role.Name] = metadata.Targets(r.expires)
	r.signers[role.Name] = []key{made}
	return targets.Signed.AddKey(made.public, role.Name)
}

func (r *repository) add(role, path string, content []byte) error {
	info, err := metadata.TargetFile().FromBytes(path, content, "sha256")
	if err != nil {
		return err
	}
	r.roles[role].Signed.Targets[path] = info
	r.files = append(r.files, file{path, content})
	return nil
}

func put(name string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, data, 0o644)
}

func digest(data []byte) metadata.HexBytes {
	sum := sha256.Sum256(data)
	return sum[:]
}

func metaFile(data []byte) *metadata.MetaFiles {
	meta := metadata.MetaFile(1)
	meta.Length = int64(len(data))
	meta.Hashes = metadata.Hashes{"sha256": digest(data)}
	return meta
}

func (r *repository) save(folder string) error {
	for index, data := range r.roots {
		if err := put(filepath.Join(folder, "metadata", fmt.Sprintf("%d.root.json", index+1)), data); err != nil {
			return err
		}
	}
	snapshot := metadata.Snapshot(r.expires)
	for name, role := range r.roles {
		data, err := signed(role, r.signers[name])
		if err != nil {
			return err
		}
		// A server finds it there, since it decodes the URL.
		if err := put(filepath.Join(folder, "metadata", "1."+name+".json"), data); err != nil {
			return err
		}
		snapshot.Signed.Meta[name+".json"] = metaFile(data)
	}
	data, err := signed(snapshot, r.signers["snapshot"])
	if err != nil {
		return err
	}
	if err := put(filepath.Join(folder, "metadata", "1.snapshot.json"), data); err != nil {
		return err
	}
	timestamp := metadata.Timestamp(r.expires)
	timestamp.Signed.Meta["snapshot.json"] = metaFile(data)
	if data, err = signed(timestamp, r.signers["timestamp"]); err != nil {
		return err
	}
	if err := put(filepath.Join(folder, "metadata", "timestamp.json"), data); err != nil {
		return err
	}
	paths := ""
	for index, file := range r.files {
		directory, name := filepath.Split(file.path)
		hashed := hex.EncodeToString(digest(file.content)) + "." + name
		if err := put(filepath.Join(folder, "targets", directory, hashed), file.content); err != nil {
			return err
		}
		if err := put(filepath.Join(folder, "content", fmt.Sprint(index)), file.content); err != nil {
			return err
		}
		paths += file.path + "\n"
	}
	return put(filepath.Join(folder, "paths"), []byte(paths))
}

var scenarios = map[string]func() (*repository, error){
	"flat": func() (*repository, error) {
		r := newRepository()
		err := first(
			func() error { return r.allKeys(ecdsaKey) },
			func() error { return r.add("targets", "hello.txt", []byte("hello\n")) },
			func() error { return r.add("targets", "folder/a+b@c.bin", []byte(strings.Repeat("x", 70_000))) },
			func() error { return r.add("targets", "empty", nil) },
		)
		return r, err
	},
	"keys": func() (*repository, error) {
		r := newRepository()
		err := first(
			func() error { return r.setKeys("root", 2, ed25519Key, rsaKey, ecdsaKey) },
			func() error { return r.setKeys("timestamp", 1, ed25519Key) },
			func() error { return r.setKeys("snapshot", 1, rsaKey) },
			func() error { return r.setKeys("targets", 3, ecdsaKey, ed25519Key, rsaKey) },
			r.publishRoot,
			func() error { return r.add("targets", "signed-by-all-kinds.txt", []byte("three kinds of keys\n")) },
		)
		return r, err
	},
	"delegations": func() (*repository, error) {
		r := newRepository()
		one := metadata.DelegatedRole{Name: "first", Terminating: true, Paths: []string{"first/*", "first/*/*"}}
		two := metadata.DelegatedRole{Name: "second/with slash", Paths: []string{"second/*"}}
		below := metadata.DelegatedRole{Name: "below first", Paths: []string{"first/below/*"}}
		err := first(
			func() error { return r.allKeys(ed25519Key) },
			func() error { return r.delegate("targets", one, rsaKey) },
			func() error { return r.delegate("targets", two, ecdsaKey) },
			func() error { return r.delegate("first", below, ed25519Key) },
			func() error { return r.add("first", "first/a.txt", []byte("a\n")) },
			func() error { return r.add("below first", "first/below/b.txt", []byte("b\n")) },
			func() error { return r.add("second/with slash", "second/c.txt", []byte("c\n")) },
		)
		return r, err
	},
	"rotated": func() (*repository, error) {
		r := newRepository()
		err := r.allKeys(ed25519Key)
		for turn := 0; err == nil && turn < 5; turn++ {
			err = first(
				func() error { return r.setKeys("root", 1+turn%2, ed25519Key, ecdsaKey) },
				func() error { return r.setKeys([]string{"timestamp", "snapshot", "targets"}[turn%3], 1, rsaKey) },
				r.publishRoot,
			)
		}
		return r, first(
			func() error { return err },
			func() error { return r.add("targets", "after-five-rotations.txt", []byte("still here\n")) },
		)
	},
	"hash-prefixes": func() (*repository, error) {
		r := newRepository()
		err := r.allKeys(ed25519Key)
		for _, digit := range "0123456789abcdef" {
			role := metadata.DelegatedRole{Name: "bin-" + string(digit), PathHashPrefixes: []string{string(digit)}}
			err = first(func() error { return err }, func() error { return r.delegate("targets", role, ed25519Key) })
		}
		for number := range 12 {
			path := fmt.Sprintf("files/%d.txt", number)
			bin := "bin-" + hex.EncodeToString(digest([]byte(path)))[:1]
			err = first(func() error { return err }, func() error { return r.add(bin, path, []byte(path)) })
		}
		return r, err
	},
	"succinct": func() (*repository, error) {
		r := newRepository()
		signer, err := ecdsaKey()
		bins := &metadata.SuccinctRoles{Threshold: 1, BitLength: 4, NamePrefix: "bin"}
		targets := r.roles["targets"]
		targets.Signed.Delegations = &metadata.Delegations{Keys: map[string]*metadata.Key{}, SuccinctRoles: bins}
		err = first(
			func() error { return err },
			func() error { return r.allKeys(ed25519Key) },
			func() error { return targets.Signed.AddKey(signer.public, "") },
		)
		for _, name := range bins.GetRoles() {
			r.roles[name] = metadata.Targets(r.expires)
			r.signers[name] = []key{signer}
		}
		for number := range 12 {
			path := fmt.Sprintf("files/%d.txt", number)
			bin := bins.GetRolesForTarget(path)[0].Name
			err = first(func() error { return err }, func() error { return r.add(bin, path, []byte(path)) })
		}
		return r, err
	},
}

// The first error, after which nothing more is done.
func first(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
