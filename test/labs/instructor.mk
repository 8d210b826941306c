# The labs on the instructor's side: what makes and judges students' trees. These have no such file.
.PHONY: lab gradescope grade-all similar test-labs same-scores
LAB_TOOL := python3 test/labs/tools/labs.py
LAB_PROOF := python3 test/labs/tools/prove.py --only skeleton,reference,forged,own,broken,partial,wrong $(LABS)
# What `make test` has of it: the trees of all labs, and one lab graded by its own tests.
LAB_FAST := python3 test/labs/tools/prove.py --only trees $(LABS) --only quick fork
lab: ## a student's tree: LAB=fork DIR=/where/to (FOR=id: with that id's task; ID=id: its right solution; SECRET=file)
	$(call need,LAB,which lab? make lab LAB=fork DIR=...)$(call need,DIR,where to? make lab LAB=fork DIR=...)
	@FOR='$(FOR)' ID='$(ID)' SECRET='$(SECRET)' $(LAB_TOOL) tree $(LAB) $(DIR)
gradescope: ## the autograder of a lab, to be uploaded: LAB=fork
	$(call need,LAB,which lab? make gradescope LAB=fork)
	@$(LAB_TOOL) gradescope $(LAB) build/gradescope/$(LAB).zip
grade-all: ## grade a folder: LAB=fork SUBMISSIONS=dir (ROSTER=csv SECRET=file DUE=time AGAIN=names JOBS=2)
	$(call need,LAB,which lab? make grade-all LAB=fork SUBMISSIONS=...)$(call need,SUBMISSIONS,whose? SUBMISSIONS=dir)
	@JOBS='$(JOBS)' SECRET='$(SECRET)' ROSTER='$(ROSTER)' DUE='$(DUE)' AGAIN='$(AGAIN)' \
	  python3 test/labs/tools/submissions.py $(LAB) $(SUBMISSIONS)
similar: ## which submissions resemble each other: LAB=fork SUBMISSIONS=dir (PAST="folders of other years")
	$(call need,LAB,which lab? make similar LAB=fork SUBMISSIONS=...)$(call need,SUBMISSIONS,whose? SUBMISSIONS=dir)
	@test/labs/tools/similar $(LAB) $(SUBMISSIONS) $(PAST)
test-labs: ## the graders are right: skeleton, reference, forgeries, wrong solutions, mutants (LAB=fork for one of them)
	@python3 test/labs/tools/prove.py $(or $(LAB),$(LABS))
same-scores: ## a score does not depend on the host: N=20 times idle, loaded, pinned
	@python3 test/labs/tools/same-scores $(if $(filter command,$(firstword $(origin N))),$(N),20) $(or $(LAB),$(LABS))
