"""What a schema cannot say, said to schemathesis: rules between values, and cursors that only the service can give out."""
import schemathesis

# A 400 for one of these, of input that fits the schema, keeps to the contract: its description states the rule in words.
RULES = (
    "is not one that this list gave out", "is not one that a replay gave out", "must not be before from",
    "null takes a range of ten years at most", "no slot begins between from and to", " twice: say which, ",
    "is required: one value, since a slot is of one series", "name one: the rows of one answer are of one kind",
    "is for plans and dry runs alone", "is for datasets that are refreshed by periods", "name one: an exclusion is of slots of one length")

# What only one dataset takes. Which it is stands in the path, or beside it in the body: no schema of one sees the other.
WAYS = {"archives", "api_backfill", "auto_gap_fill", "trades", "complete"}
OWN = {
    "cmg": {"node", "source", "resolution"}, "kraken": {"pair", "interval", "tier"} | WAYS, "accounts": {"account_id", "grain"}, "equities": {"ticker"},
    "keepa": {"asin", "group"}}

# As openapi.yaml has it.
BODY_MOST = 1024 * 1024

ONE_SERIES = {
    "cmg": {"node": "CHILOE________220", "source": "online"}, "kraken": {"pair": "XBTUSD", "interval": "60"},
    "accounts": {"account_id": "*", "grain": "day"}, "equities": {"ticker": "AAPL"},
    "keepa": {"asin": "B00GAPLESS", "group": "current"}}


@schemathesis.hook
def before_call(context, case, kwargs):
    """Leaves out what is another dataset's, so that what is generated is tried and not refused."""
    path, query, body = case.path_parameters or {}, case.query, case.body
    # No cursor that is made up is one that a list gave out. Where a request is not about it, it would hide all else of it.
    if isinstance(query, dict) and case.meta and getattr(case.meta.phase.data, "parameter", None) != "cursor":
        query.pop("cursor", None)
    dataset = path.get("dataset") or (isinstance(body, dict) and body.get("dataset"))
    # What breaks the schema on purpose may stand in its place.
    if not isinstance(dataset, str) or dataset not in OWN:
        return
    foreign = set().union(*(names for name, names in OWN.items() if name != dataset))
    for given in (query, body):
        if isinstance(given, dict):
            for name in foreign & given.keys():
                del given[name]
    if isinstance(query, dict) and isinstance(query.get("group_by"), str) and query["group_by"] in foreign:
        del query["group_by"]
    if case.operation.path.endswith("/slots/{time}") and isinstance(query, dict) and not ONE_SERIES[dataset].keys() & query.keys():
        # A slot is of one series, which has other names in each dataset: none of them can be required by a schema.
        query.update(ONE_SERIES[dataset])


@schemathesis.hook
def filter_failure(context, failure, case, response):
    kind = type(failure).__name__
    # Nor can it say how long all parameters are together, or a body: such a request is refused whether it is right or wrong.
    is_too_long = response.status_code == 414 or (response.status_code == 413 and len(response.request.body or b"") > BODY_MOST)
    if is_too_long and kind in ("RejectedPositiveData", "AcceptedNegativeData"):
        return False
    if kind != "RejectedPositiveData" or response.status_code not in (400, 422):
        return True
    try:
        problem = response.json()
    except ValueError:
        return True
    # That a key came with another body before is said of the requests of a day, not of one.
    if response.status_code == 422:
        return problem.get("type") != "/problems/key-reused"
    errors = problem.get("errors", [])
    return not errors or not all(any(rule in error["detail"] for rule in RULES) for error in errors)
