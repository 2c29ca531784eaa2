// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"mach/store"
	"mach/vn"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Config is what access needs beside the store.
type Config struct {
	// Key is 32 secret bytes, see LoadKey: it seals one-time-code secrets and
	// peppers PINs. Losing it means that both must be set anew.
	Key []byte
	// Now is the clock; nil = time.Now.
	Now func() time.Time
	// Calendar knows working days, for the review of emergencies.
	Calendar *vn.Calendar
	// Policy is the store's guard: it knows the circles of roles and which
	// unit lies in which.
	Policy *Policy
	// Secure marks cookies Secure even on plain HTTP: TLS ends before us.
	Secure bool
	// Demo allows one-time links. Set it only for a data folder that mach demo
	// made.
	Demo bool
	// Fetch gets the keys of applications from addresses that administrators
	// gave us, see web.Outgoing; nil = only keys that were registered count.
	Fetch *http.Client
}

// Access holds the parts that share one set of tables.
type Access struct {
	Accounts  *Accounts
	Sessions  *Sessions
	Tokens    *Tokens
	Links     *Links
	Emergency *Emergency
	Consents  *Consents
	Guardians *Guardians
	Clients   *Clients
	Apps      *Apps
	Crowd     *Crowd
}

// core is what every part stands on.
type core struct {
	db    *rights
	store *store.Store
	cfg   Config
}

// Open prepares the tables and returns the parts.
func Open(ctx context.Context, s *store.Store, c Config) (*Access, error) {
	if len(c.Key) != keySize {
		return nil, fmt.Errorf("access key has %d bytes, not %d", len(c.Key), keySize)
	}
	if c.Policy == nil {
		return nil, errors.New("access needs its policy")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Calendar == nil {
		c.Calendar = vn.NewCalendar(nil)
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	db, err := s.Primary(ctx, "access", files)
	if err != nil {
		return nil, fmt.Errorf("opening access tables: %w", err)
	}
	k := &core{db: newRights(db, c.Now), store: s, cfg: c}
	accounts, err := newAccounts(k)
	if err != nil {
		return nil, err
	}
	consents := &Consents{core: k}
	clients := &Clients{core: k, accounts: accounts}
	tokens := &Tokens{core: k, accounts: accounts, clients: clients}
	sessions := &Sessions{core: k, accounts: accounts, tokens: tokens, slow: accounts.slow}
	return &Access{
		Accounts:  accounts,
		Sessions:  sessions,
		Tokens:    tokens,
		Links:     &Links{core: k, accounts: accounts},
		Emergency: &Emergency{core: k, accounts: accounts},
		Consents:  consents,
		Guardians: &Guardians{core: k, accounts: accounts, consents: consents},
		Clients:   clients,
		Crowd:     newCrowd(k),
		Apps: &Apps{core: k, accounts: accounts, clients: clients, tokens: tokens, sessions: sessions, identity: &identity{core: k},
			fetcher: newKeyFetcher(c.Now, c.Fetch)},
	}, nil
}

const keySize = 32

// LoadKey reads the key of a data folder (keys/access.key), making it at the
// first start.
func LoadKey(dir string) ([]byte, error) {
	path := filepath.Join(dir, "keys", "access.key")
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, err
		}
		key := make([]byte, keySize)
		rand.Read(key)
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			return LoadKey(dir) // another process was first
		}
		if err != nil {
			return nil, err
		}
		_, err = f.WriteString(hex.EncodeToString(key))
		return key, errors.Join(err, f.Close())
	}
	if err != nil {
		return nil, err
	}
	key, err := hex.DecodeString(string(b))
	if err != nil || len(key) != keySize {
		return nil, fmt.Errorf("%s is not a key", path)
	}
	return key, nil
}

// newSecret returns 256 random bits as text, and what is stored of them.
func newSecret() (secret, hash string) {
	var b [32]byte
	rand.Read(b[:])
	secret = base64.RawURLEncoding.EncodeToString(b[:])
	return secret, hashSecret(secret)
}

// hashSecret is plain SHA-256: the secret is random and long, so nothing
// slower is gained, and looking a hash up tells no timing about the secret.
func hashSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

func micro(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicro(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// now is the clock in the precision of the tables.
func (c *core) now() time.Time { return c.cfg.Now().UTC().Truncate(time.Microsecond) }

// The actions that access adds to the audit.
const (
	ActSignIn      store.Action = "sign-in"
	ActSignOut     store.Action = "sign-out"
	ActSwitch      store.Action = "switch-user"
	ActUnlock      store.Action = "unlock"
	ActLink        store.Action = "demo-link"
	ActToken       store.Action = "issue-token"
	ActAccount     store.Action = "manage-account"
	ActReview      store.Action = "review-emergency"
	ActConsent     store.Action = "consent"
	ActWithdraw    store.Action = "withdraw-consent"
	ActGuardian    store.Action = "guardianship"
	ActEndSessions store.Action = "end-sessions"
	ActClient      store.Action = "manage-client"
	ActApprove     store.Action = "approve-app"
	ActTakeBack    store.Action = "take-back-app"
	ActCrowd       store.Action = "many-people"
)

// note writes one audit row. typ is "Account", "Session", "Patient" …
func (c *core) note(ctx context.Context, a store.Actor, act store.Action, l store.Labels, allow bool, reason string) error {
	if l.Facility == "" {
		l.Facility, l.Unit = a.Facility, a.Unit
	}
	if err := c.store.Note(ctx, a, act, l, store.Decision{Allow: allow, Reason: reason}); err != nil {
		return fmt.Errorf("noting %s: %w", act, err)
	}
	return nil
}
