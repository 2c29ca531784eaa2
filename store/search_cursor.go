// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"mach/issue"
)

// cursor is where the next page begins. It is sealed: a position may stand on
// a resource that the actor must not know of, and belongs to one actor and one
// question.
type cursor struct {
	Path  string   `json:",omitempty"`
	Later []string `json:",omitempty"` // chains that hits are held against
	At    position
}

// MarshalJSON keeps every bit of the number, infinities included.
func (k key) MarshalJSON() ([]byte, error) {
	return json.Marshal(sealedKey{k.Missing, k.Text, math.Float64bits(k.Num)})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (k *key) UnmarshalJSON(b []byte) error {
	var s sealedKey
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	*k = key{s.Missing, s.Text, math.Float64frombits(s.Bits)}
	return nil
}

type sealedKey struct {
	Missing bool   `json:",omitempty"`
	Text    string `json:",omitempty"`
	Bits    uint64 `json:",omitempty,string"`
}

func errCursor() error { return issue.New(issue.Invalid, "search.cursor.invalid").At("_cursor") }

// seal writes a cursor.
func (x *searcher) seal(ctx context.Context, c cursor) (string, error) {
	for _, ch := range x.later {
		c.Later = append(c.Later, ch.name)
	}
	if x.r != x.s.read { // a condition: making the key would wait for the very commit that asks
		return "more", nil
	}
	aead, err := x.s.cursorKey(ctx)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("writing a cursor: %w", err)
	}
	nonce := make([]byte, aead.NonceSize())
	rand.Read(nonce)
	return base64.RawURLEncoding.EncodeToString(aead.Seal(nonce, nonce, text, x.question())), nil
}

// open reads the cursor of the query, nil when there is none.
func (x *searcher) open(ctx context.Context) (*cursor, error) {
	if x.c.cursor == "" {
		return nil, nil
	}
	aead, err := x.s.cursorKey(ctx)
	if err != nil {
		return nil, err
	}
	raw, err := base64.RawURLEncoding.DecodeString(x.c.cursor)
	if err != nil || len(raw) < aead.NonceSize() {
		return nil, errCursor()
	}
	text, err := aead.Open(nil, raw[:aead.NonceSize()], raw[aead.NonceSize():], x.question())
	if err != nil {
		return nil, errCursor()
	}
	var c cursor
	if err := json.Unmarshal(text, &c); err != nil {
		return nil, errCursor()
	}
	if n := len(x.c.sort); n > 0 && len(c.At.Keys) < 1 || n > 1 && len(c.At.Keys) != n || n == 0 && len(c.At.Keys) != 1 && c.At.Part == 0 {
		return nil, errCursor()
	}
	return &c, nil
}

// question is what a cursor is good for: this actor, these parameters.
func (x *searcher) question() []byte {
	var b strings.Builder
	for _, s := range []string{x.a.Account, string(x.a.Role), x.a.Facility, x.a.Patient, x.c.typ} {
		b.WriteString(s + "\x00")
	}
	b.WriteString(x.c.asked + "\x00" + strings.Join(x.reach.Only, "\x00"))
	sum := sha256.Sum256([]byte(b.String()))
	return sum[:]
}

// cursorKey reads the key on first use, or makes it; every process of a database
// shares it, and it stays as it is.
func (s *Store) cursorKey(ctx context.Context) (cipher.AEAD, error) {
	if kept := s.cursors.Load(); kept != nil {
		return *kept, nil
	}
	text, err := s.secret(ctx, "cursor")
	if err != nil {
		return nil, fmt.Errorf("the key of cursors: %w", err)
	}
	sum := sha256.Sum256([]byte(text))
	block, err := aes.NewCipher(sum[:])
	if err != nil {
		return nil, err
	}
	key, err := cipher.NewGCM(block)
	if err == nil {
		s.cursors.Store(&key)
	}
	return key, err
}

// secret returns the random text of a name, made when there is none yet.
func (s *Store) secret(ctx context.Context, name string) (string, error) {
	var value string
	const ask = `select value from secret where name = ?`
	if ok, err := s.read.Row(ctx, []any{&value}, ask, name); err != nil || ok {
		return value, err
	}
	err := s.write.do(ctx, func(tx *commitTx) error {
		if err := tx.Exec(ctx, `insert into secret (name, value) values (?, ?) on conflict do nothing`, name, rand.Text()); err != nil {
			return err
		}
		_, err := tx.Row(ctx, []any{&value}, ask, name)
		return err
	})
	return value, err
}
