// SPDX-License-Identifier: Apache-2.0

// Package smart lets applications in: SMART App Launch 2.2 and SMART Backend
// Services (HL7), which are OAuth 2.0 (RFC 6749, 7636, 7009, 7523, 7662) and
// OpenID Connect for FHIR.
//
// Pages: the person agrees to what an application may do (/smart/authorize),
// sees and takes back what was given (/ung-dung), a worker starts an
// application at a person's record (/ung-dung/cua/{patient}), an administrator
// registers and changes applications (/ung-dung/quan-ly). Services, which know
// no session: token, introspection, revocation, keys and the discovery
// documents.
//
// What is given and issued is kept by access.Apps and access.Clients; what a
// token then reaches is decided by access.Policy, row by row. This package
// holds no rule about records and owns no table.
package smart
