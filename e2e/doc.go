// SPDX-License-Identifier: Apache-2.0

// Package e2e holds the browser stories: the real binary with its database,
// message bus and media engine, driven through Chromium as people use it.
//
// TestOneEntry is the main job of Mạch from reception to minister, in nine
// steps, each of which fails when its part is cut. TestEveryRoute opens every
// page of every role in both languages and asks axe about it. The other stories
// are about one promise each: no JavaScript, keyboard only, a power cut, a
// shared computer.
//
//	go test ./e2e                            # all, about five minutes
//	go test ./e2e -run TestShots -shots DIR  # pictures of the main pages
//
// MACH_BIN names a binary to test; without it one is built. With
// MACH_TEST_POSTGRES the main story runs on PostgreSQL too. A story that fails
// leaves picture, HTML and console of every open page under data/e2e.
package e2e
