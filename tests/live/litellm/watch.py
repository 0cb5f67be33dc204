"""The real service with one LiteLLM source."""
from service import Service


class Watch(Service):
    def __init__(self, binary, url, key):
        super().__init__(binary, {
            'name': 'litellm/proxy-main', 'kind': 'proxy',
            'interval_seconds': 1, 'deadline_seconds': 5,
            'max_age_seconds': 10, 'down_after_seconds': 30,
            'options': {
                'url': url, 'key_env': 'SST_LIVE_KEY', 'refresh': '5s',
                'metrics_refresh': '1s', 'tolerance': 0,
                'payment_types': {'local-llm': 'rented'}}},
            env={'SST_LIVE_KEY': key}, log_level='debug')

    def models(self, document=None):
        """Deployments by id; {} when the section is unknown."""
        return self.rows('litellm', 'deployment_id', document)

    def everything(self):
        return super().everything() + self.ask(
            '/system/state/litellm')[1].decode()
