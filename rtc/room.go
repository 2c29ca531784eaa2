// SPDX-License-Identifier: Apache-2.0

package rtc

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"mach/issue"
)

const (
	// emptyFor is how long, in seconds, a room waits for its first person.
	emptyFor = 600
	// leftFor is how long, in seconds, it waits after the last one left: long
	// enough to come back from a broken link.
	leftFor = 60
)

// Participant is one device in a room.
type Participant struct {
	Identity string
	Since    time.Time
	// Inside is false while the device is still connecting.
	Inside bool
}

// EnsureRoom makes the room when it is not there. A room nobody enters for ten
// minutes vanishes, and one that everybody left for a minute: call EnsureRoom
// before each token. Errors: issue.Invalid ("rtc.name"), issue.NotSupported
// ("rtc.none"), issue.Timeout ("rtc.unavailable").
func (e *Engine) EnsureRoom(ctx context.Context, room string) error {
	in := map[string]any{"name": room, "empty_timeout": emptyFor, "departure_timeout": leftFor}
	_, err := e.call(ctx, "CreateRoom", room, in, nil)
	return err
}

// List returns the devices in the room, the longest inside first; empty when
// the room is not there.
func (e *Engine) List(ctx context.Context, room string) ([]Participant, error) {
	all, err := e.inside(ctx, room)
	if err != nil {
		return nil, err
	}
	out := make([]Participant, len(all))
	for i, p := range all {
		out[i] = Participant{
			Identity: p.Identity, Since: time.Unix(p.JoinedAt, 0), Inside: p.State == "ACTIVE",
		}
	}
	slices.SortStableFunc(out, func(a, b Participant) int { return a.Since.Compare(b.Since) })
	return out, nil
}

// participant is LiveKit's ParticipantInfo as its JSON carries it.
type participant struct {
	Identity string `json:"identity"`
	State    string `json:"state"`
	JoinedAt int64  `json:"joined_at,string"`
	Tracks   []struct {
		SID  string `json:"sid"`
		Type string `json:"type"`
	} `json:"tracks"`
}

func (e *Engine) inside(ctx context.Context, room string) ([]participant, error) {
	var out struct{ Participants []participant }
	_, err := e.call(ctx, "ListParticipants", room, map[string]any{"room": room}, &out)
	return out.Participants, err
}

// Mute silences the microphones of a device. Its owner may switch them on
// again. A device that is not there, or has none on, is no error.
func (e *Engine) Mute(ctx context.Context, room, identity string) error {
	all, err := e.inside(ctx, room)
	if err != nil {
		return err
	}
	for _, p := range all {
		for _, track := range p.Tracks {
			if p.Identity != identity || track.Type != "AUDIO" {
				continue
			}
			in := map[string]any{"room": room, "identity": identity, "track_sid": track.SID, "muted": true}
			if _, err := e.call(ctx, "MutePublishedTrack", room, in, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// Remove sends a device out of the room. One that is not there is no error.
// Its token, while it lives, would let it in again: take the right away first.
func (e *Engine) Remove(ctx context.Context, room, identity string) error {
	_, err := e.call(ctx, "RemoveParticipant", room, map[string]any{"room": room, "identity": identity}, nil)
	return err
}

// CloseRoom sends everybody out and ends the room. A room that is not there is
// no error.
func (e *Engine) CloseRoom(ctx context.Context, room string) error {
	_, err := e.call(ctx, "DeleteRoom", room, map[string]any{"room": room}, nil)
	return err
}

// call asks LiveKit's RoomService (Twirp: a POST of JSON). found is false, and
// out untouched, when the server knows no such room or participant.
func (e *Engine) call(ctx context.Context, method, room string, in, out any) (found bool, err error) {
	base, err := e.base()
	if err != nil {
		return false, err
	}
	if !plain.MatchString(room) {
		return false, issue.New(issue.Invalid, "rtc.name")
	}
	token, err := e.sign(claims{Video: video{Room: room, RoomCreate: true, RoomAdmin: true}})
	if err != nil {
		return false, err
	}
	body, err := json.Marshal(in)
	if err != nil {
		return false, fmt.Errorf("asking the media server to %s: %w", method, err)
	}
	url := base + "/twirp/livekit.RoomService/" + method
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return false, fmt.Errorf("asking the media server to %s: %w", method, err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := e.client.Do(req)
	if err != nil {
		e.log.Warn("media server does not answer", "method", method, "err", err)
		return false, unavailable()
	}
	defer res.Body.Close()
	return answer(method, res, out)
}

// answer reads a Twirp reply.
func answer(method string, res *http.Response, out any) (found bool, err error) {
	const most = 4 << 20 // a room of thousands is well below
	b, err := io.ReadAll(io.LimitReader(res.Body, most))
	if err != nil {
		return false, fmt.Errorf("reading the media server's answer to %s: %w", method, err)
	}
	if res.StatusCode == http.StatusOK {
		if out == nil {
			return true, nil
		}
		if err := json.Unmarshal(b, out); err != nil {
			return false, fmt.Errorf("reading the media server's answer to %s: %w", method, err)
		}
		return true, nil
	}
	var failure struct{ Code, Msg string }
	_ = json.Unmarshal(b, &failure) // a proxy in between may answer anything
	if failure.Code == "not_found" && !strings.HasPrefix(method, "Create") {
		return false, nil
	}
	return false, fmt.Errorf("the media server refused to %s: %s %s %s", method, res.Status, failure.Code, failure.Msg)
}
