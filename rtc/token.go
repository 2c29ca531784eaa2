// SPDX-License-Identifier: Apache-2.0

package rtc

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"mach/issue"
)

// TokenLife is how long a token opens its room. It is asked once, at the door;
// who is inside stays. Short, because rights are checked when it is made.
const TokenLife = 2 * time.Minute

// skew is how far the clock of an external server may be behind.
const skew = 30 * time.Second

// Grant is the right of one device of one person to one room.
type Grant struct {
	// Room, such as "hc-" and the id of the consultation.
	Room string
	// Identity is person and device, such as an account id, "~" and a few
	// letters of the device: a second device is then no intruder, and the same
	// device coming back replaces itself. The page that shows the room knows
	// the names; the engine does not.
	Identity string
	// Publish lets the device send sound and picture; without it, it watches.
	Publish bool
}

// video is LiveKit's grant as its tokens carry it.
type video struct {
	Room           string `json:"room,omitempty"`
	RoomJoin       bool   `json:"roomJoin,omitempty"`
	RoomCreate     bool   `json:"roomCreate,omitempty"`
	RoomAdmin      bool   `json:"roomAdmin,omitempty"`
	CanPublish     *bool  `json:"canPublish,omitempty"`
	CanPublishData *bool  `json:"canPublishData,omitempty"`
	CanSubscribe   *bool  `json:"canSubscribe,omitempty"`
}

// claims are those of RFC 7519 that LiveKit reads, and its own.
type claims struct {
	Issuer    string `json:"iss"`
	Subject   string `json:"sub,omitempty"`
	NotBefore int64  `json:"nbf"`
	Expires   int64  `json:"exp"`
	Video     video  `json:"video"`
}

// Token returns a token for the grant, good for [TokenLife]. The caller has
// decided that the person may enter. It returns issue.Invalid ("rtc.name") for
// a room or identity that is no plain id, and issue.NotSupported ("rtc.none")
// at a site without rooms.
func (e *Engine) Token(g Grant) (string, error) {
	if !e.Offered() {
		return "", issue.New(issue.NotSupported, "rtc.none")
	}
	if !plain.MatchString(g.Room) || !plain.MatchString(g.Identity) {
		return "", issue.New(issue.Invalid, "rtc.name")
	}
	yes := true
	return e.sign(claims{
		Subject: g.Identity,
		Video: video{
			Room: g.Room, RoomJoin: true,
			CanPublish: &g.Publish, CanPublishData: &g.Publish, CanSubscribe: &yes,
		},
	})
}

// sign makes a JSON Web Token with HMAC-SHA-256 (RFC 7515, HS256): the only
// kind LiveKit takes.
func (e *Engine) sign(c claims) (string, error) {
	now := time.Now()
	c.Issuer = e.key
	c.NotBefore, c.Expires = now.Add(-skew).Unix(), now.Add(TokenLife).Unix()
	body, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("writing a room token: %w", err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	text := b64([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + b64(body)
	mac := hmac.New(sha256.New, []byte(e.secret))
	mac.Write([]byte(text))
	return text + "." + b64(mac.Sum(nil)), nil
}
