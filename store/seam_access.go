// SPDX-License-Identifier: Apache-2.0

package store

/*
SEAM access → store (core, search). Removed by access when all of it compiles. What the policy needs:

1. Labels gained Category and Draft (doc.go). res wants two columns more: category text, draft smallint.
   label.go fills them from the resource:
     Category = first code among category[*].coding and code.coding of system https://mach.vn/cs/category or https://mach.vn/cs/task, else "".
     Draft    = Encounter status not in finished, cancelled, entered-in-error, … (only planned/arrived/triaged/in-progress/onleave);
                Observation, DiagnosticReport registered/partial/preliminary; Condition verificationStatus provisional without a
                /cs/category code; MedicationRequest, ServiceRequest, CarePlan, MedicationDispense … status draft/preparation;
                QuestionnaireResponse in-progress; Composition preliminary; Immunization never.
   Row types of views may set them too (Row.Labels()).
2. relate.go: a relation from a sub-site (Organization.partOf a station) is also written for the station above it;
   kind 'case' (from a Condition of category case-report): Source is that Condition, Facility may be "" and Account "" —
   the guard gets such rows among rels for every actor; it checks the unit itself. A QuestionnaireResponse of the case
   carries Labels.Category 'case-report' too (questionnaire https://mach.vn/fhir/Questionnaire/ca-benh).
3. Note(ctx, a, act, l, dec) takes any Action text ("sign-in", "break-glass" …) and any Labels.Type ("Account").
4. primary.go is written by access on top of your handles (Exec, Row, Rows, Tx with ? placeholders); nothing to do.
5. Relate(ctx, r) with To set replaces the open row of the same (patient, kind, facility, account, source, from).
*/
