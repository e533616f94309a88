# Everyday targets; ./script/test and ./script/demo need no make.
.PHONY: check test quick fmt manual demo bench soak lab-up lab-down
check quick:
	./script/test quick
test:
	./script/test
fmt:
	ruff format . && ruff check --fix .
manual:
	python -m script.manual
demo:
	./script/demo
bench:
	./script/bench $(PARTS)
soak:
	./script/soak --minutes $(or $(MINUTES),60)
lab-up:
	./lab/lab up
lab-down:
	./lab/lab down
