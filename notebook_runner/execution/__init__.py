"""Run one notebook: parameters, inputs, kernel, time limits, salvage, report."""
