// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mach/fhir"
	"mach/rtc"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
)

// What the HTTP server says of connections names no address.
func TestServerLog(t *testing.T) {
	var out bytes.Buffer
	l := serverLog{slog.New(slog.NewTextHandler(&out, nil))}
	for _, line := range []string{"http: TLS handshake error from 192.168.1.7:51234: EOF\n", "http: x from [fe80::1%eth0]:443: reset\n", "http: y from [2001:db8::7]:80: reset\n"} {
		out.Reset()
		if _, err := l.Write([]byte(line)); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); strings.ContainsAny(strings.SplitN(got, "error=", 2)[1], "0123456789[") || !strings.Contains(got, "http: ") {
			t.Errorf("%q became %s", line, got)
		}
	}
}

func TestReachable(t *testing.T) {
	for _, c := range []struct {
		config Config
		addr   string
		https  bool
	}{
		{Config{Addr: anyAddr}, anyAddr, false},
		{Config{Addr: anyAddr, LAN: true}, "0.0.0.0:8443", true},
		{Config{Addr: "127.0.0.1:9", LAN: true}, "127.0.0.1:9", true},
		{Config{Addr: anyAddr, TLSProxy: true}, anyAddr, true},
	} {
		if c.config.reachable(); c.config.Addr != c.addr || c.config.https() != c.https {
			t.Errorf("%s: %s, https %t", c.config, c.config.Addr, c.config.https())
		}
	}
}

// A commune is merged in the middle of a week while the server runs: it opens
// itself again on the new map, at the same address, with the live rooms it had,
// and its views count there what was counted in the commune that is no more.
func TestANewMapBeginsWhileServing(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	data, today := t.TempDir(), vn.DateOf(now())
	write := func(name, text string) {
		t.Helper()
		file := filepath.Join(data, "content", name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("units/changes.tsv", today.String()+"\t09319\t09169\tNQ 1\n")
	write("surveillance/endemic.csv", "disease,unit,endemic,valid_from,basis\ncholera,09319,1,2026-01-01,QĐ 12\n")
	config := Config{Data: data, Addr: "127.0.0.1:0", Metrics: "127.0.0.1:0", LiveKit: "none", Site: "test", Level: "error"}
	a := &App{Config: config, log: config.logger(os.Stderr), metrics: newMetrics()}
	rooms, err := rtc.Open(rtc.Config{Log: a.log})
	if err != nil {
		t.Fatal(err)
	}
	a.rooms = rooms
	if err := a.open(ctx, today-1); err != nil { // as one that was started yesterday
		t.Fatal(err)
	}
	gone, _ := a.Units.ByCode("09319", today-1)
	whole, _ := a.Units.ByCode("09169", today-1)
	report, err := fhir.New(fhir.Condition{ID: "a", Extension: unitExtension(gone),
		VerificationStatus: fhir.Code(fhir.ConditionVerStatus, "confirmed", ""), Category: []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, "case-report", "")},
		Code: fhir.Code(fhir.ICD10, "A00.9", ""), Subject: fhir.Reference{Display: "Ca bệnh tối thiểu"}, RecordedDate: today.String()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Store.For(storetest.System()).Commit(ctx, store.Put(report)); err != nil {
		t.Fatal(err)
	}
	var line, same Ready
	if err := a.Serve(ctx, asReady{&line}); !errors.Is(err, errNewMap) {
		t.Fatalf("%v; want its end on the new map", err)
	}
	next, err := a.again(ctx)
	if err != nil {
		t.Fatal(err)
	}
	out, ready := io.Pipe()
	served := make(chan error, 1)
	go func() { served <- next.Serve(ctx, ready) }()
	if err := json.NewDecoder(out).Decode(&same); err != nil {
		t.Fatal(err)
	}
	if same.URL != line.URL || same.Metrics != line.Metrics || next.rooms != rooms {
		t.Errorf("%+v after %+v, other rooms %t", same, line, next.rooms != rooms)
	}
	cdc := storetest.Actor(store.CDC, "cdc")
	cdc.Unit, cdc.Purpose = whole.Parent, store.PublicHealth
	for unit, want := range map[vn.Unit]int{gone: 0, whole: 1} {
		until := time.Now().Add(30 * time.Second)
		for {
			list, err := next.surveillance.States(ctx, cdc, whole.Parent, []vn.UnitID{unit.ID}, "cholera", today)
			if err == nil && len(list) == want && (want == 0 || list[0].Basis == "QĐ 12") {
				break
			}
			if time.Now().After(until) {
				t.Fatalf("%s: %+v, %v", unit.Full(), list, err)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	stop()
	if err := errors.Join(<-served, next.Close()); err != nil {
		t.Error(err)
	}
}

// asReady keeps the ready line.
type asReady struct{ line *Ready }

func (r asReady) Write(b []byte) (int, error) { return len(b), json.Unmarshal(b, r.line) }
