// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"mach/issue"
	"mach/store"
)

// TestSameAnswer: an unknown login, a wrong password and a closed account are
// told apart neither by words nor by the work that takes the time.
func TestSameAnswer(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		acc, _ := w.account("lan", store.Doctor, NewAccount{})
		gone, _ := w.account("mai", store.Doctor, NewAccount{})
		w.must(w.Accounts.Close(ctx, system, gone.ID))
		coded, secret := w.account("cdc", store.CDC, NewAccount{})
		var words []string
		for i, a := range []Attempt{
			{Login: "lan", Password: "không phải"}, {Login: "nobody", Password: "không phải"}, {Login: "mai", Password: password},
			{Login: "lan", Password: "không phải"}, {Login: "nobody", Password: "không phải"}, {Login: "lan", Password: "không phải"},
			{Login: "cdc", Password: password, Code: "000000"}, w.attempt("cdc", "không phải", secret, Origin{}), {Login: "cdc", Password: password}, {},
		} {
			a.From.Address = fmt.Sprint("10.0.1.", i+1)
			_, err := w.Sessions.SignIn(ctx, a)
			if !issue.Is(err, issue.Login) {
				w.t.Errorf("%+v: %v", a, err)
				continue
			}
			words = append(words, err.Error())
		}
		if len(slices.Compact(words)) != 1 {
			w.t.Errorf("answers differ: %q", words)
		}
		slots := w.Accounts.hasher.slots
		for range cap(slots) { // nobody can derive a key now: who has to waits
			slots <- struct{}{}
		}
		for i, login := range []string{"lan", "nobody", "mai", "cdc", ""} {
			waits, cancel := context.WithTimeout(ctx, 400*time.Millisecond)
			_, err := w.Sessions.SignIn(waits, Attempt{Login: login, Password: "không phải", From: Origin{Address: fmt.Sprint("10.0.2.", i+1)}})
			if cancel(); !errors.Is(err, context.DeadlineExceeded) {
				w.t.Errorf("%q is answered without the work of a password: %v", login, err)
			}
		}
		for range cap(slots) {
			<-slots
		}
		w.audited(acc.ID, "sign-in no wrong")
		w.audited(coded.ID, "sign-in no wrong")
		w.audited("", "sign-in no wrong")
	})
}
