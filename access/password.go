// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"mach/issue"
)

// cost is the work of one argon2id hash. It is stored with the hash, so it can
// be raised at any time.
type cost struct {
	memory  uint32 // KiB
	passes  uint32
	threads uint8
}

// Passwords cost 19 MiB and two passes (OWASP's first choice). A PIN has a
// million values whatever it costs; the pepper keeps a stolen database from
// telling it, and the few tries a guesser.
var (
	passwordCost = cost{19 * 1024, 2, 1}
	pinCost      = cost{4 * 1024, 1, 1}
)

// hasher bounds how many hashes run at once: signing in must not eat the
// memory of the machine.
type hasher struct{ slots chan struct{} }

func newHasher(n int) hasher { return hasher{make(chan struct{}, n)} }

// hash returns the PHC string of a secret.
func (h hasher) hash(ctx context.Context, c cost, secret []byte) (string, error) {
	salt := make([]byte, 16)
	rand.Read(salt)
	sum, err := h.sum(ctx, c, secret, salt)
	if err != nil {
		return "", err
	}
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", c.memory, c.passes, c.threads, enc.EncodeToString(salt), enc.EncodeToString(sum)), nil
}

func (h hasher) sum(ctx context.Context, c cost, secret, salt []byte) ([]byte, error) {
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return argon2.IDKey(secret, salt, c.passes, c.memory, c.threads, 32), nil
}

// verify compares in constant time. A text that is no hash verifies nothing.
func (h hasher) verify(ctx context.Context, phc string, secret []byte) (bool, error) {
	c, salt, want, ok := parsePHC(phc)
	if !ok {
		return false, nil
	}
	got, err := h.sum(ctx, c, secret, salt)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

// parsePHC reads $argon2id$v=19$m=…,t=…,p=…$salt$hash, refusing work beyond
// reason.
func parsePHC(s string) (c cost, salt, sum []byte, ok bool) {
	f := strings.Split(s, "$")
	if len(f) != 6 || f[0] != "" || f[1] != "argon2id" || f[2] != "v=19" {
		return c, nil, nil, false
	}
	if n, err := fmt.Sscanf(f[3], "m=%d,t=%d,p=%d", &c.memory, &c.passes, &c.threads); err != nil || n != 3 {
		return c, nil, nil, false
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(f[4])
	sum, err2 := base64.RawStdEncoding.DecodeString(f[5])
	ok = err1 == nil && err2 == nil && len(sum) == 32 && len(salt) >= 8 &&
		c.memory >= 8 && c.memory <= 1<<20 && c.passes >= 1 && c.passes <= 16 && c.threads >= 1 && c.threads <= 8
	return c, salt, sum, ok
}

const (
	minPassword = 10
	maxPassword = 200
	pinDigits   = 6
)

// canonical makes a password the same bytes whatever keyboard composed its
// marks.
func canonical(password string) []byte { return []byte(norm.NFKC.String(password)) }

// checkPassword refuses what is too short, too long, or the login itself.
func checkPassword(password, login string) error {
	n := utf8.RuneCountInString(password)
	switch {
	case n < minPassword:
		return issue.New(issue.Value, "access.password.short", minPassword).At("password")
	case n > maxPassword:
		return issue.New(issue.TooLong, "access.password.long", maxPassword).At("password")
	case login != "" && strings.EqualFold(strings.TrimSpace(password), login), strings.Count(password, password[:1]) == len(password):
		return issue.New(issue.Value, "access.password.weak").At("password")
	}
	return nil
}

// checkPIN refuses what is not six digits, and the runs everybody tries first.
func checkPIN(pin string) error {
	if len(pin) != pinDigits || strings.Trim(pin, "0123456789") != "" {
		return issue.New(issue.Value, "access.pin.format", pinDigits).At("pin")
	}
	up, down, same := true, true, true
	for i := 1; i < len(pin); i++ {
		step := int(pin[i]) - int(pin[i-1])
		up, down, same = up && step == 1, down && step == -1, same && step == 0
	}
	if up || down || same || pin[:3] == pin[3:] {
		return issue.New(issue.Value, "access.pin.weak").At("pin")
	}
	return nil
}

// pepper binds a PIN to the account and to the key, which is not in the
// database.
func pepper(key []byte, account, pin string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte("pin\x00" + account + "\x00" + pin))
	return m.Sum(nil)
}
