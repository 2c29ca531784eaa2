// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/chromedp"
)

// watch collects what a page's console says. Errors, exceptions and refusals
// of the content security policy are complaints.
type watch struct {
	mu      sync.Mutex
	said    []chromedp.ConsoleMessage
	taken   int // complaints before it were reported
	allowed []string
}

func watchOf(ctx context.Context) *watch {
	w := &watch{}
	messages := chromedp.Console(ctx)
	go func() {
		for m, err := range messages {
			if err != nil {
				return // the window is closed
			}
			w.mu.Lock()
			w.said = append(w.said, m)
			w.mu.Unlock()
		}
	}()
	return w
}

func (w *watch) allow(part string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.allowed = append(w.allowed, part)
}

// bad returns the complaints since the last call.
func (w *watch) bad() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for _, m := range w.said[w.taken:] {
		text := line(m)
		wrong := m.Type == chromedp.ConsoleError || m.IsException() || m.Source == "security" || strings.Contains(text, "Content Security Policy")
		if wrong && !slices.ContainsFunc(w.allowed, func(part string) bool { return strings.Contains(text, part) }) {
			out = append(out, text)
		}
	}
	w.taken = len(w.said)
	return out
}

func (w *watch) all() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := make([]string, len(w.said))
	for i, m := range w.said {
		out[i] = line(m)
	}
	return out
}

func line(m chromedp.ConsoleMessage) string {
	return fmt.Sprintf("%s %s: %s (%s:%d)", m.Type, m.Source, m.Text, m.URL, m.Line+1)
}
