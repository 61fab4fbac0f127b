"""Why a request has no answer, and the nearest requests that have one."""
