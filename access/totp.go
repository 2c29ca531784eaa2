// SPDX-License-Identifier: Apache-2.0

package access

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// One-time codes by time, RFC 6238: HMAC-SHA-1, 30 seconds, six digits, as
// every authenticator app understands.
const (
	codeStep   = 30 * time.Second
	codeDigits = 6
	codeSkew   = 1 // steps tolerated either way, for clocks that differ
)

var base32Secret = base32.StdEncoding.WithPadding(base32.NoPadding)

// newCodeSecret returns 160 random bits, the length RFC 4226 asks for.
func newCodeSecret() []byte {
	b := make([]byte, 20)
	rand.Read(b)
	return b
}

// CodeAt returns the one-time code of a base32 secret at a time. Demonstration
// and tests use it as an authenticator app would.
func CodeAt(secret string, t time.Time) (string, error) {
	b, err := base32Secret.DecodeString(strings.ToUpper(strings.ReplaceAll(secret, " ", "")))
	if err != nil {
		return "", fmt.Errorf("one-time code secret: %w", err)
	}
	return hotp(b, stepAt(t), codeDigits), nil
}

func stepAt(t time.Time) int64 { return t.Unix() / int64(codeStep/time.Second) }

// hotp is RFC 4226 with dynamic truncation.
func hotp(secret []byte, counter int64, digits int) string {
	var msg [8]byte
	binary.BigEndian.PutUint64(msg[:], uint64(counter))
	m := hmac.New(sha1.New, secret)
	m.Write(msg[:])
	sum := m.Sum(nil)
	at := sum[len(sum)-1] & 15
	n := binary.BigEndian.Uint32(sum[at:]) & 0x7fffffff
	mod := uint32(1)
	for range digits {
		mod *= 10
	}
	return fmt.Sprintf("%0*d", digits, n%mod)
}

// checkCode returns the step a code belongs to. Steps up to last have been
// used and do not count again. Every candidate is compared, in constant time.
func checkCode(secret []byte, code string, now time.Time, last int64) (step int64, ok bool) {
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	at := stepAt(now)
	for s := at - codeSkew; s <= at+codeSkew; s++ {
		same := subtle.ConstantTimeCompare([]byte(hotp(secret, s, codeDigits)), []byte(code)) == 1
		if same && s > last {
			step, ok = s, true
		}
	}
	return step, ok
}

// codeURI is what an authenticator app reads from a QR code.
func codeURI(login string, secret []byte) string {
	q := url.Values{"secret": {base32Secret.EncodeToString(secret)}, "issuer": {"Mạch"}}
	return "otpauth://totp/" + url.PathEscape("Mạch:"+login) + "?" + strings.ReplaceAll(q.Encode(), "+", "%20")
}

// seal encrypts a small secret for the account's row (AES-256-GCM); account
// is bound to it, so a row cannot be copied to another account.
func seal(key []byte, account string, secret []byte) (string, error) {
	g, err := gcm(key)
	if err != nil {
		return "", err
	}
	nonce := make([]byte, g.NonceSize())
	rand.Read(nonce)
	return base64.RawStdEncoding.EncodeToString(g.Seal(nonce, nonce, secret, []byte(account))), nil
}

func unseal(key []byte, account, sealed string) ([]byte, error) {
	g, err := gcm(key)
	if err != nil {
		return nil, err
	}
	b, err := base64.RawStdEncoding.DecodeString(sealed)
	if err != nil || len(b) < g.NonceSize() {
		return nil, errors.New("a sealed secret is damaged")
	}
	plain, err := g.Open(nil, b[:g.NonceSize()], b[g.NonceSize():], []byte(account))
	if err != nil {
		return nil, fmt.Errorf("opening a sealed secret: %w", err)
	}
	return plain, nil
}

func gcm(key []byte) (cipher.AEAD, error) {
	b, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(b)
}
