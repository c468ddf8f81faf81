"""The executable phases and the hal phase. (Work in progress by the lead: executable_sources, conversion from stream, memoize passes.)"""
