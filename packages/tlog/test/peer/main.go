// The independent implementation beside which this log was run: golang.org/x/mod/sumdb/tlog.
//
//	go run . vectors > ../vectors.json           roots and proofs, which tree.test.ts holds ours to
//	go run . read <folder of the log> <size> <root in hex>
//	go run . note <public key> <file>
//
// The second reads tiles and entry bundles in C2SP's layout with Go's own authenticated tile reader, the third
// a signed checkpoint.
package main

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type memory []tlog.Hash

func (m memory) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		out[i] = m[index]
	}
	return out, nil
}

type vector struct {
	Size        int64               `json:"size"`
	Root        string              `json:"root"`
	Inclusion   map[string][]string `json:"inclusion"`
	Consistency map[string][]string `json:"consistency"`
}

func texts(hashes []tlog.Hash) []string {
	out := []string{}
	for _, h := range hashes {
		out = append(out, hex.EncodeToString(h[:]))
	}
	return out
}

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

func vectors() {
	var stored memory
	sizes := []int64{1, 2, 3, 4, 5, 7, 8, 13, 64, 255, 256, 257, 300}
	var out []vector
	for n := int64(0); n < 300; n++ {
		hashes := must(tlog.StoredHashes(n, []byte(fmt.Sprintf("entry %d", n)), stored))
		stored = append(stored, hashes...)
		size := n + 1
		for _, wanted := range sizes {
			if size != wanted {
				continue
			}
			root := must(tlog.TreeHash(size, stored))
			v := vector{size, hex.EncodeToString(root[:]), map[string][]string{}, map[string][]string{}}
			for _, at := range []int64{0, 1, size / 3, size / 2, size - 2, size - 1} {
				if at >= 0 && at < size {
					v.Inclusion[strconv.FormatInt(at, 10)] = texts(must(tlog.ProveRecord(size, at, stored)))
				}
			}
			for _, old := range []int64{1, 2, 3, size / 3, size / 2, size - 1, size} {
				if old > 0 && old <= size {
					v.Consistency[strconv.FormatInt(old, 10)] = texts(must(tlog.ProveTree(size, old, stored)))
				}
			}
			out = append(out, v)
		}
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", " ")
	must(0, encoder.Encode(out))
}

type folder string

func (f folder) Height() int                                { return 8 }
func (f folder) SaveTiles(tiles []tlog.Tile, data [][]byte) {}
func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var out [][]byte
	for _, tile := range tiles {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1) // C2SP leaves the height out
		data, err := os.ReadFile(filepath.Join(string(f), path))
		if err != nil {
			return nil, err
		}
		out = append(out, data)
	}
	return out, nil
}

func read(root string, size int64, hash string) {
	tree := tlog.Tree{N: size}
	copy(tree.Hash[:], must(hex.DecodeString(hash)))
	reader := tlog.TileHashReader(tree, folder(root))
	count := int64(0)
	for bundle := int64(0); bundle*256 < size; bundle++ {
		width := int(min(256, size-bundle*256))
		path := tlog.Tile{H: 8, L: -1, N: bundle, W: width}.Path()
		path = strings.Replace(path, "tile/8/data/", "tile/entries/", 1)
		data := must(os.ReadFile(filepath.Join(root, path)))
		for len(data) > 0 {
			length := int(binary.BigEndian.Uint16(data))
			entry := data[2 : 2+length]
			data = data[2+length:]
			known := must(reader.ReadHashes([]int64{tlog.StoredHashIndex(0, count)}))[0]
			if known != tlog.RecordHash(entry) {
				must(0, fmt.Errorf("entry %d is not the one under the head", count))
			}
			count++
		}
	}
	old := size / 2
	for _, n := range []int64{0, old, size - 1} {
		leaf := must(reader.ReadHashes([]int64{tlog.StoredHashIndex(0, n)}))[0]
		must(0, tlog.CheckRecord(must(tlog.ProveRecord(size, n, reader)), size, tree.Hash, n, leaf))
	}
	before := must(tlog.TreeHash(old, reader))
	must(0, tlog.CheckTree(must(tlog.ProveTree(size, old, reader)), size, tree.Hash, old, before))
	fmt.Printf("%d entries read, each under the head; inclusion and consistency proven\n", count)
}

func main() {
	if len(os.Args) == 5 && os.Args[1] == "read" {
		read(os.Args[2], must(strconv.ParseInt(os.Args[3], 10, 64)), os.Args[4])
		return
	}
	if len(os.Args) == 4 && os.Args[1] == "note" {
		verifier := must(note.NewVerifier(os.Args[2]))
		opened := must(note.Open(must(os.ReadFile(os.Args[3])), note.VerifierList(verifier)))
		fmt.Printf("signed by %s:\n%s", opened.Sigs[0].Name, opened.Text)
		return
	}
	vectors()
}
