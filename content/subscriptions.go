// SPDX-License-Identifier: Apache-2.0

package content

import (
	"embed"
	"fmt"
	"slices"
	"sync"

	"github.com/pelletier/go-toml/v2"
)

//go:embed subscriptions
var subscriptionFiles embed.FS

// Topic is what software may subscribe to.
type Topic struct {
	URL      string    `toml:"url"` // canonical
	Title    string    `toml:"title"`
	Triggers []Trigger `toml:"trigger"`
}

// Trigger is one way in which a topic comes about.
type Trigger struct {
	Type   string   `toml:"type"`   // resource type; "*" = those that the subscriber names
	On     []string `toml:"on"`     // create, update, delete
	Before string   `toml:"before"` // search parameters of the old content, where there was one
	Now    string   `toml:"now"`    // search parameters of the new content
}

var topics = sync.OnceValue(func() []Topic { return must(loadTopics()) })

// Topics lists what software may subscribe to.
func Topics() []Topic { return topics() }

func loadTopics() ([]Topic, error) {
	b, err := subscriptionFiles.ReadFile("subscriptions/topics.toml")
	if err != nil {
		return nil, err
	}
	var file struct {
		Topic []Topic `toml:"topic"`
	}
	if err := toml.Unmarshal(b, &file); err != nil {
		return nil, fmt.Errorf("subscription topics: %w", err)
	}
	for _, t := range file.Topic {
		if t.URL == "" || t.Title == "" || len(t.Triggers) == 0 {
			return nil, fmt.Errorf("subscription topic %q lacks its url, title or trigger", t.URL)
		}
		for _, g := range t.Triggers {
			if g.Type == "" || len(g.On) == 0 || slices.ContainsFunc(g.On, func(on string) bool { return !slices.Contains([]string{"create", "update", "delete"}, on) }) {
				return nil, fmt.Errorf("subscription topic %s has a trigger without type, or on something else than create, update, delete", t.URL)
			}
		}
	}
	return file.Topic, nil
}
