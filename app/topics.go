// SPDX-License-Identifier: Apache-2.0

package app

import "strings"

// Topics of live pages ("view:station", "peers") travel as NATS subjects
// ("mach.live.view:station").
const live = "mach.live."

func subject(topic string) string { return live + topic }

func topic(subject string) string { return strings.TrimPrefix(subject, live) }
