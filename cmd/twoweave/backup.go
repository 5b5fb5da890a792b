package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"twoweave/internal/app"
	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/platform/backup"
)

func backupCommand() command {
	return command{
		name: "backup", synopsis: "[make|key|verify] [FLAGS]", short: "copy everything into one encrypted file",
		long: "make copies database, log, detection's state, series and blobs, of a program that runs or one that is stopped, into a file that only the recipients' keys open.\n" +
			"Secrets of the keys folder are not in it: keep them apart. A file that was broken off ends in .part. key makes the key that opens backups and prints its\n" +
			"public half; keep the file away from this machine. verify reads a whole backup and tells what is in it.",
		flags: func(f *flag.FlagSet) {
			backupFlags(f)
			f.String("to", "", "with make: file to write, or a folder for one named by the time")
			f.String("recipient", "", "with make: public keys, age1…, separated by commas; empty for the setting backup.recipients")
			f.String("from", "", "with verify: the backup")
			f.String("key", "", "with key and verify: file of the secret key")
		},
		run: runBackup,
	}
}

func restoreCommand() command {
	return command{
		name: "restore", synopsis: "--from FILE --key FILE [FLAGS]", short: "put a backup into an empty folder",
		long: "Reads the backup once to see that it is whole, then puts it into an empty data folder (and an empty database, where that is elsewhere), and opens it as the\n" +
			"program will. Put the secrets of the keys folder there before: without master.key what people told the city stays unreadable and the program does not start.",
		flags: func(f *flag.FlagSet) {
			backupFlags(f)
			f.String("from", "", "the backup")
			f.String("key", "", "file of the secret key")
		},
		run: runRestore,
	}
}

// backupFlags say where a program keeps what.
func backupFlags(f *flag.FlagSet) {
	f.String("config", "", "configuration file (YAML)")
	for _, s := range app.Settings {
		switch s.Name {
		case "data", "database", "nats", "blobs", "keys":
			f.String(s.Name, s.Default, s.Help)
		}
	}
}

func runBackup(ctx context.Context, env *environment, flags *flag.FlagSet) error {
	verb := flags.Arg(0)
	if flags.NArg() > 0 {
		if err := flags.Parse(flags.Args()[1:]); err != nil {
			return fault.New(fault.Invalid, "backup", "%v", err)
		}
	}
	if err := noArguments(flags); err != nil {
		return err
	}
	switch verb {
	case "", "make":
		return makeBackup(ctx, env, flags)
	case "key":
		return makeBackupKey(env, flags)
	case "verify":
		return verifyBackup(env, flags)
	default:
		return fault.New(fault.Invalid, "backup", "%q is neither make, key nor verify", verb)
	}
}

// given is a flag that must have a value.
func given(flags *flag.FlagSet, name, otherwise string) (string, error) {
	if value := flags.Lookup(name).Value.String(); value != "" {
		return value, nil
	}
	return "", fault.New(fault.Invalid, flags.Name(), "--%s is missing: %s", name, otherwise)
}

func makeBackupKey(env *environment, flags *flag.FlagSet) error {
	path, err := given(flags, "key", "say where the key goes")
	if err != nil {
		return err
	}
	recipient, err := backup.NewKey(path)
	if err == nil {
		fmt.Fprintln(env.stdout, recipient)
	}
	return err
}

func makeBackup(ctx context.Context, env *environment, flags *flag.FlagSet) error {
	config, err := configuration(flags)
	if err != nil {
		return err
	}
	path, err := given(flags, "to", "say where the backup goes")
	if err != nil {
		return err
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, "twoweave-"+clock.System{}.Now().UTC().Format("20060102T150405Z")+".age")
	}
	var recipients backup.Recipients
	for _, r := range strings.Split(flags.Lookup("recipient").Value.String(), ",") {
		if r = strings.TrimSpace(r); r != "" {
			recipients = append(recipients, r)
		}
	}
	size, err := writeWhole(path, func(w io.Writer) error {
		return app.MakeBackup(ctx, config, app.NewLog(env.stderr, "warn"), &meter{w: w, tell: env.stderr}, recipients)
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "%s: %.1f MB\n", path, float64(size)/1e6)
	return nil
}

// writeWhole writes a file that has its name only when it is whole and on disk.
func writeWhole(path string, fill func(io.Writer) error) (size int64, err error) {
	if _, err := os.Stat(path); err == nil {
		return 0, fault.New(fault.Conflict, "backup", "%s is there already; a backup is never written over", path)
	}
	part := path + ".part"
	f, err := os.OpenFile(part, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return 0, fault.New(fault.Invalid, "backup", "%s cannot be written: %v", part, errors.Unwrap(err))
	}
	defer f.Close()
	if err := fill(f); err != nil {
		return 0, errors.Join(err, os.Remove(part))
	}
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return 0, fault.New(fault.Unavailable, "backup", "%s cannot be written: %v", part, err)
	}
	if err := os.Rename(part, path); err != nil {
		return 0, err
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return 0, err
	}
	return info.Size(), errors.Join(folder.Sync(), folder.Close())
}

// meter tells how far a long copy is.
type meter struct {
	w       io.Writer
	tell    io.Writer
	written int64
}

const meterStep = 64 << 20

func (m *meter) Write(p []byte) (int, error) {
	n, err := m.w.Write(p)
	if before := m.written / meterStep; (m.written+int64(n))/meterStep > before {
		fmt.Fprintf(m.tell, "%d MB\n", (m.written+int64(n))/1e6)
	}
	m.written += int64(n)
	return n, err
}

func verifyBackup(env *environment, flags *flag.FlagSet) error {
	path, err := given(flags, "from", "say which backup")
	if err != nil {
		return err
	}
	key, err := given(flags, "key", "say which file holds the secret key")
	if err != nil {
		return err
	}
	archive, err := openBackup(path)
	if err != nil {
		return err
	}
	defer archive.Close()
	m, err := app.VerifyBackup(archive, key)
	if err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "%s: whole; of %s, by version %s, a %s database; %d parts, %.1f MB\n", path, m.At.Format("2006-01-02 15:04:05Z"), m.Program, m.Engine, len(m.Parts), float64(m.Size())/1e6)
	return nil
}

func openBackup(path string) (io.ReadCloser, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.New(fault.Invalid, "backup", "%s cannot be read: %v", path, errors.Unwrap(err))
	}
	return f, nil
}

func runRestore(ctx context.Context, env *environment, flags *flag.FlagSet) error {
	if err := noArguments(flags); err != nil {
		return err
	}
	config, err := configuration(flags)
	if err != nil {
		return err
	}
	path, err := given(flags, "from", "say which backup")
	if err != nil {
		return err
	}
	key, err := given(flags, "key", "say which file holds the secret key")
	if err != nil {
		return err
	}
	m, err := app.Restore(ctx, config, app.NewLog(env.stderr, "warn"), func() (io.ReadCloser, error) { return openBackup(path) }, key)
	if err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "%s: restored as of %s: %d parts, %.1f MB\n", config.Data, m.At.Format("2006-01-02 15:04:05Z"), len(m.Parts), float64(m.Size())/1e6)
	return nil
}
