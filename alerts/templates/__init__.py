"""Go's text/template, as far as rules and notifications use it."""

from alerts.templates.alertmanager import NotificationTemplates
from alerts.templates.errors import TemplateError
from alerts.templates.execution import Expanded
from alerts.templates.notification import Alert, Data, data
from alerts.templates.prometheus import Query, RuleTemplates

__all__ = ["Alert", "Data", "Expanded", "NotificationTemplates", "Query", "RuleTemplates", "TemplateError", "data"]
