"""Before any test asks for a part of the lab that brings Locust along: Locust would patch this process for gevent."""

import tests.support.lean  # noqa: F401
