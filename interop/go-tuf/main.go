// go-tuf as a peer: see ../README.md for the commands.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/theupdateframework/go-tuf/v2/metadata/config"
	"github.com/theupdateframework/go-tuf/v2/metadata/updater"
)

// Refreshes and downloads every path into a file that is named by its line number.
func read(root, metadataURL, targetsURL, out, paths string) error {
	trusted, err := os.ReadFile(root)
	if err != nil {
		return err
	}
	cfg, err := config.New(metadataURL, trusted)
	if err != nil {
		return err
	}
	cfg.LocalMetadataDir = filepath.Join(out, "metadata")
	cfg.LocalTargetsDir = filepath.Join(out, "targets")
	cfg.RemoteTargetsURL = targetsURL
	for _, folder := range []string{cfg.LocalMetadataDir, cfg.LocalTargetsDir} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	// Its updater begins with the root that it is given, each time: a host keeps the newest one.
	if kept, err := os.ReadFile(filepath.Join(cfg.LocalMetadataDir, "root.json")); err == nil {
		cfg.LocalTrustedRoot = kept
	}
	client, err := updater.New(cfg)
	if err != nil {
		return err
	}
	if err := client.Refresh(); err != nil {
		return err
	}
	list, err := os.ReadFile(paths)
	if err != nil {
		return err
	}
	lines := strings.Split(string(list), "\n")
	for index, path := range lines[:len(lines)-1] {
		info, err := client.GetTargetInfo(path)
		if err != nil {
			return err
		}
		file := filepath.Join(cfg.LocalTargetsDir, fmt.Sprint(index))
		if _, _, err := client.DownloadTarget(info, file, ""); err != nil {
			return err
		}
	}
	return nil
}

func run(args []string) error {
	if len(args) == 6 && args[0] == "read" {
		return read(args[1], args[2], args[3], args[4], args[5])
	}
	if len(args) == 3 && args[0] == "write" {
		scenario, known := scenarios[args[2]]
		if !known {
			return fmt.Errorf("no scenario %s", args[2])
		}
		made, err := scenario()
		if err != nil {
			return err
		}
		return made.save(args[1])
	}
	return fmt.Errorf("read <root> <metadata url> <targets url> <out> <paths>, or write <folder> <scenario>")
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		kind := strings.TrimPrefix(reflect.TypeOf(err).String(), "*")
		kind = kind[strings.LastIndex(kind, ".")+1:]
		line, _ := json.Marshal(map[string]string{"error": kind, "message": err.Error()})
		fmt.Println(string(line))
		os.Exit(1)
	}
}
