# The book.

.PHONY: docs test-docs
docs: | deps ## the book as a site, build/docs/index.html, and (with Chromium) as a PDF, build/docs/tine.pdf
	@$(TOOLS)/build-docs
test-docs: docs all $(B)/test.cpio $(B)/foreign.cpio | deps
test-docs: ## the book: is it true, and does it read well in a browser (headless Chromium)
	@$(TOOLS)/run-tests "docs=$(TOOLS)/check-docs" "site=$(TOOLS)/test-site"
