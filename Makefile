# make demo    plan and examine the embedded town Qinghe, and say where to look
# make test    run every check and every test
# make format  put the code into shape

.PHONY: demo test check format bench clean
RUN := .venv/bin

demo:
	@./setup.sh
	@$(RUN)/shequ demo --out out/qinghe

test:
	@./setup.sh test
	@$(MAKE) --no-print-directory check
	$(RUN)/python -m pytest -n 2 --dist loadscope -q -rs

check:
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy
	$(RUN)/lint-imports

format:
	$(RUN)/ruff check --fix .
	$(RUN)/ruff format .

bench:
	@./setup.sh
	$(RUN)/python bench/blocks.py
	$(RUN)/python bench/engine.py
	$(RUN)/python bench/survey.py
	$(RUN)/python bench/programme.py
	$(RUN)/python bench/access.py
	$(RUN)/python bench/siting.py
	$(RUN)/python bench/serving.py
	$(RUN)/python bench/writers.py
	$(RUN)/python bench/kills.py
	$(RUN)/python bench/kills.py --postgis

clean:
	rm -rf .venv out layers/static api/static web/node_modules
