"""dlt, as its users write it: rest_api source -> SQLite, append. Arguments: base URL, date, domains, folder."""
import os
import sys

base, date, domains, folder = sys.argv[1:5]
os.environ.update(
    RUNTIME__DLTHUB_TELEMETRY="false", RUNTIME__LOG_LEVEL="ERROR", NORMALIZE__WORKERS=str(os.cpu_count()),
    DLT_DATA_DIR=folder + "/data", SOURCES__DATA_WRITER__FILE_MAX_ITEMS="100000",
    DATA_WRITER__DISABLE_COMPRESSION="true")

import dlt  # noqa: E402  (reads the environment when imported)
from dlt.sources.rest_api import rest_api_source  # noqa: E402

columns = {"rank": {"data_type": "bigint"}, "data_date": {"data_type": "text"}}


def resource(domain):
    query = {"domain": domain, "date": date, "lastRank": 0, "limit": 5000}
    return {
        "name": domain.replace("-", "_"), "table_name": "faults", "parallelized": True, "columns": columns,
        "write_disposition": "append",
        "endpoint": {"path": "faults", "data_selector": "data", "params": query}}


if __name__ == "__main__":
    paginator = {"type": "cursor", "cursor_path": "next", "cursor_param": "lastRank"}
    source = rest_api_source({
        "client": {"base_url": base, "paginator": paginator},
        "resources": [resource(domain) for domain in domains.split(",")]})
    pipeline = dlt.pipeline(
        "bench", destination=dlt.destinations.sqlalchemy(f"sqlite:///{folder}/peer.db"), dataset_name="bench",
        pipelines_dir=folder + "/pipelines")
    pipeline.run(source)
