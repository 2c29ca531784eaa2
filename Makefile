# Mạch. The two commands: make demo, make test. Everything else is for builders.
.PHONY: demo test check fuzz dev gen build assets e2e bench bench-fhir bench-surveillance bench-% clean

demo: build            ## a demonstration province on this machine (LAN=1: HTTPS and a QR code for phones)
	bin/mach demo --data $(or $(DATA),data/demo) $(if $(LAN),--lan) $(ARGS)

test:                  ## everything: gate, both databases, browser stories
	tools/test.sh

check:                 ## the fast gate: format, vet, staticcheck, drift, import order
	tools/check.sh

fuzz:                  ## every fuzz test for a while, one after another (FUZZTIME=20s; ARGS=fhir: those of a folder)
	@tools/fuzz.sh $(ARGS)

dev: build             ## serve the demonstration without filling it again
	bin/mach serve --data data/demo --addr 127.0.0.1:8080

gen:                   ## generated code: templates
	go tool -modfile=tools/go.mod templ generate

assets:                ## CSS, scripts, fonts and icons, bundled from pinned packages
	tools/assets.sh

build: assets
	go build -o bin/mach ./cmd/mach

e2e: build             ## the browser stories alone
	go test -count=1 -timeout 15m ./e2e/...

bench:                 ## NDJSON on standard output, one figure a line
	@$(MAKE) -s build 1>&2
	@go run ./app/bench $(ARGS)

bench-fhir:            ## the FHIR interface among 100,000 and 1,000,000 resources, on both databases; a table beside the aims (ARGS="--size 100k": a tenth of the time; MACH_SUITES: Synthea too)
	@$(MAKE) -s build 1>&2
	@go run ./app/bench --only fhir --long $(ARGS)

bench-surveillance:    ## detection beside R (r-cran-surveillance is installed if need be), false alarms and outbreaks found, scans, the nation
	@$(MAKE) -s build 1>&2
	@go run ./app/bench --only surveillance $(ARGS)

bench-%:
	@$(MAKE) -s build 1>&2
	@go run ./app/bench --only $* $(ARGS)

clean:
	rm -rf bin data web/assets/dist/*
