/* Shows the document of this service; nothing comes from anywhere else. */
window.addEventListener('load', function () {
	window.ui = window.SwaggerUIBundle({
		url: '/openapi.json',
		dom_id: '#swagger-ui',
		deepLinking: true,
		validatorUrl: null
	});
});
