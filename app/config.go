// SPDX-License-Identifier: Apache-2.0

// Package app wires Mạch by hand, top to bottom: configuration, the parts,
// their routes and followers. It holds no rule of its own.
package app

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"mach/content"
)

// Config is everything a running Mạch can be told. Each member is a flag, an
// environment variable MACH_… and a default; none is needed to start. Secrets
// are never shown by String.
type Config struct {
	Data          string   `help:"Folder that holds everything." default:"data" env:"MACH_DATA"`
	Addr          string   `help:"Address to serve on; port 0 takes any free one." default:"127.0.0.1:8080" env:"MACH_ADDR"`
	Metrics       string   `help:"Address for Prometheus; its own listener." default:"127.0.0.1:0" env:"MACH_METRICS"`
	Database      string   `help:"PostgreSQL DSN; empty means the one that the data folder was used with before, else SQLite in that folder." env:"MACH_DATABASE"`
	Partitions    int      `help:"At the first start on a PostgreSQL database: spread its tables over so many partitions by hash of the shard key; 0 means none." env:"MACH_PARTITIONS"`
	Cache         int      `help:"MB of memory in which all connections of SQLite keep database pages; PostgreSQL has shared_buffers of its own." default:"256" env:"MACH_CACHE"`
	NATS          string   `help:"NATS cluster URL; empty means in this process." env:"MACH_NATS"`
	LiveKit       string   `name:"livekit" help:"URL,KEY,SECRET of a LiveKit server; empty starts our own, none switches rooms off." env:"MACH_LIVEKIT"`
	MediaIP       string   `help:"Address to which browsers send pictures and voices; empty means this machine, or its private address with --lan." env:"MACH_MEDIA_IP"`
	MediaPort     uint16   `help:"UDP port of pictures and voices; 0 takes any free one." env:"MACH_MEDIA_PORT"`
	Blob          string   `help:"s3://… for attachments; empty means the folder blobs." env:"MACH_BLOB"`
	TLSCert       string   `help:"Certificate file." env:"MACH_TLS_CERT"`
	TLSKey        string   `help:"Key file." env:"MACH_TLS_KEY"`
	TLSProxy      bool     `name:"tls-proxy" help:"TLS ends at a proxy before this server: cookies are for HTTPS only, and addresses begin with it." env:"MACH_TLS_PROXY"`
	LAN           bool     `help:"Serve HTTPS on the local network with a certificate of our own." env:"MACH_LAN"`
	Site          string   `help:"Name of this installation in the change log." default:"hub" env:"MACH_SITE"`
	Validation    string   `help:"What happens to a resource of an application that breaks a rule of FHIR or of a profile it claims: refuse it, or write it and warn." enum:"refuse,warn" default:"refuse" env:"MACH_VALIDATION"`
	APIRate       int      `name:"api-rate" help:"Requests a second that one application token may make; bursts of twice as many." default:"200" env:"MACH_API_RATE"`
	DeleteMany    int      `name:"delete-many" help:"How many resources one conditional delete of an application may delete, at most 1000; 1 refuses a condition that several match." default:"1" env:"MACH_DELETE_MANY"`
	URL           string   `name:"url" help:"Address under which people and applications reach this server, such as https://mach.example.vn; other names are refused. Empty means the one we listen on." env:"MACH_URL"`
	NotifyPrivate bool     `name:"notify-private" help:"Let subscriptions notify private and loopback addresses, also by http." env:"MACH_NOTIFY_PRIVATE"`
	ImportHosts   []string `name:"import-host" help:"Host (name, or name:port) from which $import may fetch files; may be repeated." env:"MACH_IMPORT_HOSTS"`
	Level         string   `help:"Log level: debug, info, warn or error." default:"info" enum:"debug,info,warn,error" env:"MACH_LOG"`
}

// anyAddr is where a server stands that nobody gave an address.
const anyAddr = "127.0.0.1:8080"

// reachable moves a server for the local network off loopback, unless it was
// given an address.
func (c *Config) reachable() {
	if c.LAN && c.Addr == anyAddr {
		c.Addr = "0.0.0.0:8443"
	}
}

// https says whether people reach this server by HTTPS.
func (c Config) https() bool { return c.TLSCert != "" || c.LAN || c.TLSProxy }

// String shows the configuration without what opens doors.
func (c Config) String() string {
	return fmt.Sprintf("data=%s addr=%s database=%t nats=%t livekit=%t blob=%t tls=%t proxy=%t lan=%t site=%s",
		c.Data, c.Addr, c.Database != "", c.NATS != "", c.LiveKit != "", c.Blob != "", c.TLSCert != "", c.TLSProxy, c.LAN, c.Site)
}

// logger writes JSON lines to w. Personal data never reaches it: types that
// hold some redact themselves.
func (c Config) logger(w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		level = slog.LevelInfo
	}
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level}))
}

// site are the definitions that this installation replaced.
func (c Config) site() content.Site {
	return content.SiteAt(os.DirFS(filepath.Join(c.Data, "content")))
}

// demoMarker is the file that only mach demo makes. Without it no one-time
// link works.
const demoMarker = "demo.json"

// Demo says whether mach demo made the data folder.
func (c Config) Demo() bool {
	_, err := os.Stat(filepath.Join(c.Data, demoMarker))
	return err == nil
}

// now is the clock of the whole program.
func now() time.Time { return time.Now() }
