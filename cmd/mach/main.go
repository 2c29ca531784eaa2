// SPDX-License-Identifier: Apache-2.0

// Command mach is Mạch: one binary, every level of care.
//
// Exit codes: 0 done, 1 refused or faults found, 2 wrong use.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"mach/app"
)

func main() {
	os.Exit(run(os.Args[1:]))
}

func run(args []string) int {
	var commands app.Commands
	code := -1
	parser, err := kong.New(&commands,
		kong.Name("mach"),
		kong.Description("Mạch runs a country's connected health system."),
		kong.UsageOnError(),
		kong.Exit(func(c int) { code = c }),
	)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	command, err := parser.Parse(expressionLast(args))
	if code >= 0 {
		return code
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "mach:", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	command.BindTo(ctx, (*context.Context)(nil))
	command.Bind(app.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Media: runMedia})
	err = command.Run()
	switch {
	case err == nil:
		return 0
	case errors.Is(err, app.ErrUsage):
		fmt.Fprintln(os.Stderr, "mach:", err)
		return 2
	case errors.Is(err, app.ErrFaults):
		return 1
	default:
		fmt.Fprintln(os.Stderr, "mach:", err)
		return 1
	}
}

// expressionLast puts an expression that begins with a minus, such as
// -1 < 2, behind the flags of mach fhirpath, so that it is not taken for one.
func expressionLast(args []string) []string {
	if len(args) == 0 || args[0] != "fhirpath" || slices.Contains(args, "--") {
		return args
	}
	for i, a := range args {
		if len(a) > 1 && a[0] == '-' && !strings.ContainsAny(a[1:2], "-fh") {
			return append(slices.Delete(slices.Clone(args), i, i+1), "--", a)
		}
	}
	return args
}
