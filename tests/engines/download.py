#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Downloads what the engines from Maven are made of, where it is not there yet: then they start without a network."""
import fcntl

import kafka
from launch import CACHE, class_path
import opensearch

CACHE.mkdir(parents=True, exist_ok=True)
lock = open(CACHE / "lock", "w", encoding="utf-8")
fcntl.flock(lock, fcntl.LOCK_EX)
class_path(kafka.Kafka.name, *kafka.ARTIFACTS)
class_path(opensearch.OpenSearch.name, opensearch.RUNNER)
