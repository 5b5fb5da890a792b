package app

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"twoweave/internal/base/fault"
	"twoweave/internal/platform/signing"
	"twoweave/internal/reform/pack"
)

// signaturesFile stands beside a pack's files and is no part of what is signed.
const signaturesFile = "signatures.json"

// statement is what is signed of a pack.
func statement(p *pack.Pack) signing.Statement {
	return signing.Statement{Pack: p.Name, Version: p.Version, SHA256: string(p.Hash())}
}

// SignPack adds a signature to a pack folder. What nobody can put in force is not signed either.
func SignPack(folder string, s signing.Signer) (*pack.Pack, error) {
	p, err := ReadPack(folder)
	if err != nil {
		return nil, err
	}
	before, err := readSignatures(folder)
	if err != nil {
		return nil, err
	}
	signed, err := signing.Sign(before, statement(p), s)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(folder, signaturesFile)
	if err := os.WriteFile(path+".new", signed, 0o644); err != nil {
		return nil, fault.New(fault.Invalid, "app.SignPack", "the signature cannot be written: %v", err)
	}
	return p, fault.Wrap("app.SignPack", os.Rename(path+".new", path))
}

// vouchers are the trusted people whose signatures on a pack hold. Too few are a problem of the folder's file of signatures.
func vouchers(trust signing.Trust, folder string, p *pack.Pack) ([]string, error) {
	envelope, err := readSignatures(folder)
	if err != nil {
		return nil, err
	}
	names, err := trust.Vouchers(signing.Standard(), envelope, statement(p))
	if signing.Unsigned(err) {
		return nil, fault.Invalidly("app.vouchers", fault.Problem{File: filepath.Join(folder, signaturesFile), Message: fault.Message(err) + "; sign with: twoweave pack sign --key KEYFILE " + folder})
	}
	return names, err
}

// readSignatures gives the file's text; a folder without one has none.
func readSignatures(folder string) ([]byte, error) {
	body, err := os.ReadFile(filepath.Join(folder, signaturesFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.New(fault.Invalid, "app.readSignatures", "the signatures of %s cannot be read: %v", folder, err)
	}
	return body, nil
}

// PackVouchers are the people who vouch for a pack folder under a configuration's trust.
func PackVouchers(trust signing.Trust, folder string) ([]string, error) {
	p, err := ReadPack(folder)
	if err != nil {
		return nil, err
	}
	return vouchers(trust, folder, p)
}
