// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"crypto/rand"
	"fmt"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// NewKey makes an ed25519 key pair in note's text form. The private half signs
// checkpoints and must be kept 0600; the public half verifies them and should
// also be kept somewhere else.
func NewKey(site string) (private, public string, err error) {
	private, public, err = note.GenerateKey(rand.Reader, site)
	if err != nil {
		return "", "", fmt.Errorf("making the audit key: %w", err)
	}
	return private, public, nil
}

// Sign returns the signed checkpoint of a tree.
func Sign(t Tree, private string) (string, error) {
	if t.Size == 0 {
		return "", errSize
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		return "", fmt.Errorf("reading the audit key: %w", err)
	}
	text := tlog.FormatTree(tlog.Tree{N: t.Size, Hash: t.Hash})
	signed, err := note.Sign(&note.Note{Text: string(text)}, signer)
	if err != nil {
		return "", fmt.Errorf("signing a checkpoint: %w", err)
	}
	return string(signed), nil
}

// Open verifies a checkpoint with any of the public keys and returns its tree.
func Open(signed string, public []string) (Tree, error) {
	var verifiers []note.Verifier
	for _, p := range public {
		v, err := note.NewVerifier(p)
		if err != nil {
			return Tree{}, fmt.Errorf("reading a public audit key: %w", err)
		}
		verifiers = append(verifiers, v)
	}
	n, err := note.Open([]byte(signed), note.VerifierList(verifiers...))
	if err != nil {
		return Tree{}, fmt.Errorf("verifying a checkpoint: %w", err)
	}
	t, err := tlog.ParseTree([]byte(n.Text))
	if err != nil {
		return Tree{}, fmt.Errorf("reading a checkpoint: %w", err)
	}
	return Tree{t.N, t.Hash}, nil
}
